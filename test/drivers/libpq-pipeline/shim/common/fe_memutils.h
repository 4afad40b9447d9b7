#define pg_malloc(size) malloc(size)
#define pg_malloc0(size) calloc(1, size)
#define pg_strdup(text) strdup(text)
#define pg_free(pointer) free(pointer)
#define pfree(pointer) free(pointer)

static inline char *psprintf(const char *format, ...)
{
	char *text;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		abort();
	va_end(arguments);
	return text;
}

/* What libpq_pipeline.c wants of PostgreSQL's own headers, which the library's package does not carry. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

#define pg_attribute_noreturn() __attribute__((noreturn))
#define pg_attribute_printf(text, first) __attribute__((format(printf, text, first)))
#define Assert(condition) ((void) (condition))
#define INT64_FORMAT "%ld"
#define PG_IOLBF _IOLBF
#define unlikely(condition) (condition)
#define lengthof(array) (sizeof(array) / sizeof((array)[0]))
typedef int64_t int64;
typedef uint32_t uint32;

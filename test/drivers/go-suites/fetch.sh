# fetch.sh MODULE@VERSION FOLDER: a copy of a module, whose own tests come with it.
set -e
folder=$(cd / && go mod download -json "$1" | sed -n 's/^[[:space:]]*"Dir": "\(.*\)",$/\1/p')
rm -rf "$2"
cp -r "$folder" "$2"
chmod -R u+w "$2"

#!/bin/sh
# `-n 2 ferrom ...` runs mpirun with these arguments; anything else is a program with its arguments.
case "${1:-}" in
    -*) exec mpirun "$@" ;;
    *) exec "$@" ;;
esac

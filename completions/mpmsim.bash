# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of mpmsim for bash. Commands, options and topics are asked of the
# program itself.

_mpmsim() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local verb=${COMP_WORDS[1]} commands
    commands=$(mpmsim --help 2>/dev/null | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p' |
        grep -v '^mpmsim$')
    if [ "$COMP_CWORD" -eq 1 ] || [ "$previous" = help ]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands --help --version" -- "$word")
        return
    fi
    case $previous in
    --mpm)
        mapfile -t COMPREPLY < <(compgen -W "prefork worker event" -- "$word")
        return
        ;;
    --set | --param)
        mapfile -t COMPREPLY < <(compgen -S = -W "$(mpmsim list directives \
            2>/dev/null | sed -n 's/^  \([A-Z][A-Za-z]*\) .*/\1/p')" -- "$word")
        compopt -o nospace
        return
        ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(mpmsim help "$verb" 2>/dev/null |
            grep -o -e '--[a-z-]*' | sort -u)" -- "$word")
        return
    fi
    case $verb in
    list)
        mapfile -t COMPREPLY < <(compgen -W "$(mpmsim list 2>/dev/null |
            sed -n 's/^[A-Z].*(\([a-z]*\)):$/\1/p')" -- "$word")
        ;;
    bench)
        mapfile -t COMPREPLY < <(compgen -W "$(mpmsim list benchmarks \
            2>/dev/null | awk '{ print $1 }')" -- "$word")
        ;;
    *)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        compopt -o filenames
        ;;
    esac
}
complete -F _mpmsim mpmsim

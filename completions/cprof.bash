# SPDX-License-Identifier: MIT
# bash completion of cprof. tests/tool/completions.py holds it against what cprof knows.

_cprof_commands="
	top text tree peek list disasm weblist stacks traces tags comments raw flamegraph folded json dot svg png
	gif pdf ps web eog evince gv callgrind kcachegrind proto topproto speedscope"
_cprof_plain_flags="
	call_tree relative_percentages compact_labels intel_syntax mean normalize drop_negative
	trim noinlines showcolumns all_frames no_browser inuse_space inuse_objects alloc_space
	alloc_objects contentions total_delay mean_delay flat cum functions filefunctions files
	lines addresses"
_cprof_value_flags="
	output unit source_path trim_path sample_index divide_by tagroot tagleaf nodecount
	nodefraction edgefraction focus ignore prune_from hide show show_from tagfocus
	tagignore tagshow taghide seconds timeout base diff_base symbolize buildid add_comment
	tools http tls_cert tls_key tls_ca"

_cprof()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]} dashed
	COMPREPLY=()
	# bash splits words at '=' and ':'.
	[[ $cur == "=" ]] && cur=
	[[ $prev == "=" ]] && prev=${COMP_WORDS[COMP_CWORD - 2]}
	case $prev in
	-symbolize | --symbolize)
		COMPREPLY=($(compgen -W "none local fastlocal remote force demangle" -- "$cur"))
		return
		;;
	-unit | --unit)
		COMPREPLY=($(compgen -W "minimum auto ns us ms s hrs B kB MB GB TB" -- "$cur"))
		return
		;;
	esac
	if [[ $command == @(run|attach|test|push) && $COMP_CWORD -gt 1 ]]; then
		case $cur in
		-*) COMPREPLY=($(compgen -W "$(cprof $command -h 2>&1 |
			sed -n 's/^  *\(-[a-z]*\)\( .*\)*$/\1/p')" -- "$cur")) ;;
		*) [[ $command == attach ]] && COMPREPLY=($(compgen -W "$(ps -eo pid=)" -- "$cur")) ||
			COMPREPLY=($(compgen -c -- "$cur") $(compgen -f -- "$cur")) ;;
		esac
		return
	fi
	if [[ $command == trace && $COMP_CWORD -gt 1 ]]; then
		case $cur,$prev in
		*,-pprof | *,--pprof) COMPREPLY=($(compgen -W "sync syscall net sched" -- "$cur")) ;;
		-*) COMPREPLY=($(compgen -W "-perfetto -pprof -o" -- "$cur")) ;;
		*) COMPREPLY=($(compgen -f -- "$cur")) ;;
		esac
		return
	fi
	if [[ $command == help && $COMP_CWORD -eq 2 ]]; then
		COMPREPLY=($(compgen -W "run attach test trace push $_cprof_commands $_cprof_plain_flags $_cprof_value_flags" -- "$cur"))
		return
	fi
	if [[ $cur == -* ]]; then
		dashed=$(printf -- '-%s ' $_cprof_commands $_cprof_plain_flags $_cprof_value_flags)
		COMPREPLY=($(compgen -W "$dashed" -- "${cur/#--/-}"))
		return
	fi
	COMPREPLY=($(compgen -f -- "$cur"))
	[[ $COMP_CWORD -eq 1 ]] &&
		COMPREPLY+=($(compgen -W "run attach test trace push help version $_cprof_commands" -- "$cur"))
}

complete -o filenames -F _cprof cprof

# Ends the processes of a program that has died. It is told of their groups by lines on its standard input:
#   + GROUP MARK CGROUP    a group has been started; by its mark (or -) is found who has left it
#   - GROUP                it is gone
# The end of the input is the end of the program, whatever killed it.
trap '' HUP INT QUIT TERM
while read -r sign group mark cgroup; do
    case $sign in
        +) eval "group_$group=\$mark\ \$cgroup" ;;
        -) unset "group_$group" ;;
    esac
done
all=$(set)
set --
for line in $all; do
    case $line in group_[0-9]*=*) ;; *) continue ;; esac
    name=${line%%=*}
    kill -s KILL -- "-${name#group_}" 2>/dev/null
    eval "told=\$$name"
    mark=${told%% *}
    cgroup=${told#* }
    [ "$mark" = - ] || set -- "$@" -e "JOB_ORCH_PROCESS=$mark"
    [ -n "$cgroup" ] || continue
    echo 1 2>/dev/null >"$cgroup/cgroup.kill"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        rmdir "$cgroup" 2>/dev/null && break
        sleep 0.1
    done
done
# Who bears a mark, and whom they start meanwhile. The dead bear none.
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ $# -gt 0 ] || break
    # Its status says nothing: some cannot be read, or are gone.
    found=$(grep -lszxF "$@" /proc/[0-9]*/environ)
    [ -n "$found" ] || break
    for file in $found; do
        file=${file%/environ}
        kill -s KILL "${file#/proc/}" 2>/dev/null
    done
    sleep 0.05
done

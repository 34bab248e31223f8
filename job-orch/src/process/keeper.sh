# Ends the processes of a program that has died. It is told of their groups by lines on its standard input:
#   + GROUP CGROUP    a group has been started, perhaps in this cgroup
#   - GROUP           it is gone
# The end of the input is the end of the program, whatever killed it.
trap '' HUP INT QUIT TERM
while read -r sign group cgroup; do
    case $sign in
        +) eval "group_$group=\$cgroup" ;;
        -) unset "group_$group" ;;
    esac
done
for line in $(set); do
    case $line in group_[0-9]*=*) ;; *) continue ;; esac
    name=${line%%=*}
    kill -s KILL -- "-${name#group_}" 2>/dev/null
    eval "cgroup=\$$name"
    [ -n "$cgroup" ] || continue
    echo 1 2>/dev/null >"$cgroup/cgroup.kill"
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        rmdir "$cgroup" 2>/dev/null && break
        sleep 0.1
    done
done

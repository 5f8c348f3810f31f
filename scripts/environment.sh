# shellcheck shell=bash
# Sourced by the scripts here, with `root` set: one environment of their own, whatever the calling
# shell has, and the modules of this checkout, whatever lies in the calling folder.

# Python, and the processes it starts, import from this checkout and nothing from the folder they
# are called in: a train.py may lie there, or another checkout.
use_own_modules() {
    # The variable is for Python 3.11 and later, the folder for 3.10.
    export PYTHONSAFEPATH=1 PYTHONPATH=$root/scripts/safe_path:$root
}

# Takes a sourced ROS distribution out of this process's environment. Its rclpy is built for its
# own Python and would come before the wheels in .venv; the calling shell keeps it.
use_own_environment() {
    local prefix entry kept='' IFS=:
    if [ -n "${ROS_DISTRO:-}" ]; then
        printf 'ROS 2 %s is sourced: this script uses the ROS 2 wheels in .venv instead.\n' \
            "$ROS_DISTRO" >&2
        for entry in ${LD_LIBRARY_PATH:-}; do
            for prefix in ${AMENT_PREFIX_PATH:-} /opt/ros; do
                case $entry in "$prefix"/*) continue 2 ;; esac
            done
            kept=$kept${kept:+:}$entry
        done
        export LD_LIBRARY_PATH=$kept
    fi
    unset PYTHONPATH PYTHONHOME AMENT_PREFIX_PATH COLCON_PREFIX_PATH CMAKE_PREFIX_PATH \
        ROS_DISTRO ROS_VERSION ROS_PYTHON_VERSION ROS_LOCALHOST_ONLY ROS_DISCOVERY_SERVER \
        ROS_DOMAIN_ID RMW_IMPLEMENTATION FASTRTPS_DEFAULT_PROFILES_FILE FASTDDS_DEFAULT_PROFILES_FILE
    # The wheels' start hook looks at this; set by another environment it would skip this one.
    unset _ROS_WHEELS_BOOTSTRAP_COMPLETE
}

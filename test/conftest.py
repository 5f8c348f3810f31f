"""Settings every test needs before ROS messages are imported."""

import os

# Jazzy and Kilted publish garbage for a wrong field type unless they are told to look.
os.environ.setdefault('ROS_PYTHON_CHECK_FIELDS', '1')
os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')

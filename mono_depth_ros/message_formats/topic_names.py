"""Names of topics that belong together."""


def info_topic_beside(image_topic: str) -> str:
    """The camera_info topic of an image topic, as ROS 2 names it: in the same namespace."""
    namespace, slash, _ = image_topic.rpartition('/')
    return f'{namespace}{slash}camera_info'

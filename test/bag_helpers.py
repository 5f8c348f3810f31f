"""Small recordings for tests, written by the package rosbags."""

import cv2
import numpy as np
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import get_typestore, Stores

STORE = get_typestore(Stores.ROS2_HUMBLE)
TYPES = {name: STORE.types[f'sensor_msgs/msg/{name}']
         for name in ('Image', 'CompressedImage', 'CameraInfo', 'RegionOfInterest')}


def header(stamp_ns):
    time = STORE.types['builtin_interfaces/msg/Time'](sec=stamp_ns // 10**9,
                                                      nanosec=stamp_ns % 10**9)
    return STORE.types['std_msgs/msg/Header'](stamp=time, frame_id='camera')


def image(stamp_ns, pixels, encoding, big=False, padding=0):
    rows = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder('>' if big else '<'))
    rows = rows.reshape(len(rows), -1).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (0, padding)))
    return TYPES['Image'](
        header=header(stamp_ns), height=pixels.shape[0], width=pixels.shape[1],
        encoding=encoding, is_bigendian=int(big), step=rows.shape[1], data=rows.ravel())


def compressed(stamp_ns, pixels, kind, start=b'', suffix='.png'):
    data = start + cv2.imencode(suffix, pixels)[1].tobytes()
    return TYPES['CompressedImage'](header=header(stamp_ns), format=kind,
                                    data=np.frombuffer(data, np.uint8))


def info(stamp_ns, fx=30.0, lens=()):
    roi = TYPES['RegionOfInterest'](x_offset=0, y_offset=0, height=0, width=0, do_rectify=False)
    k = np.array([fx, 0, 19.5, 0, fx, 14.5, 0, 0, 1.0])
    return TYPES['CameraInfo'](
        header=header(stamp_ns), height=30, width=40, distortion_model='plumb_bob',
        d=np.array(lens), k=k, r=np.eye(3).ravel(), p=np.zeros(12), binning_x=0, binning_y=0,
        roi=roi)


def write(path, messages, storage=StoragePlugin.MCAP):
    """A rosbag2 folder of (topic, time of recording in ns, message)."""
    with Writer(path, version=9, storage_plugin=storage) as writer:
        connections = {}
        for topic, log_ns, message in messages:
            if topic not in connections:
                connections[topic] = writer.add_connection(
                    topic, message.__msgtype__, typestore=STORE)
            writer.write(connections[topic], log_ns,
                         STORE.serialize_cdr(message, message.__msgtype__))
    return path

"""A listener to the camera nodes of the tests."""

import pytest


@pytest.fixture
def peer():
    """A node on a domain of its own, closed after the test."""
    from ros_helpers import free_domain, Peer  # not where ROS is missing
    domain = free_domain()
    peer = Peer(domain)
    peer.domain = domain
    yield peer
    peer.close()

"""Web push: notifications in browsers that subscribed themselves, without any address of a person."""

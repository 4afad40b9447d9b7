//! Nothing of its own: the tests are those that come with the drivers.

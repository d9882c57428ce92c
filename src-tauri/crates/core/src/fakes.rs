//! Fakes of the ports, for tests of the rooms above.

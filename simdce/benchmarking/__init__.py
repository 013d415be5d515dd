"""What CMS expected to spend: one adjustment a file, each a small pure function on arrays."""

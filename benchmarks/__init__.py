"""Speed and quality beside other libraries, measured in one run; not run with the tests."""

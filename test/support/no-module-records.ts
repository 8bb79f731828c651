/*
 * `.taprc` loads this file first in each test process. tap records which modules a test loads, for coverage and for its option
 * `--changed`, which are not used here. Each record reads the module's file again, which takes a quarter of the CPU time of a
 * test file that builds the application. This pattern of what is not recorded matches every module; tap itself sets the
 * variable for its test processes, so that a setting of `test-env` has no effect.
 */
process.env._TAPJS_PROCESSINFO_EXCLUDE_ = '/./';

/*
 * `.taprc` loads this file first in each test process. tap records which modules a test loads, for coverage and for its option
 * `--changed`, which are not used here. Each record reads the module's file again, which takes a quarter of the CPU time of a
 * test file that builds the application. This pattern of what is not recorded matches every module; tap itself sets the
 * variable for its test processes, so that a setting of `test-env` has no effect.
 */
process.env._TAPJS_PROCESSINFO_EXCLUDE_ = '/./';

/*
 * tap switches source maps on in each test process, against `.taprc`. Node then reads and parses the map of every module of tap,
 * which takes a tenth of the CPU time of a small test file. Types are stripped from our files in place, so that no map is needed.
 */
process.setSourceMapsEnabled = () => undefined;

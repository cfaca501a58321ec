"""All cases: importing this fills realenv.CASES."""
import cases_damage  # noqa: F401
import cases_gpu  # noqa: F401
import cases_healthy  # noqa: F401
import cases_install  # noqa: F401
import cases_loader  # noqa: F401
import cases_paths  # noqa: F401
import cases_python  # noqa: F401
import cases_requirements  # noqa: F401
import cases_search  # noqa: F401
import cases_system  # noqa: F401
import cases_versions  # noqa: F401

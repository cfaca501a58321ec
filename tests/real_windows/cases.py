"""All cases of the suite on real Windows trees; importing this registers them."""
import cases_damage  # noqa: F401
import cases_healthy  # noqa: F401
import cases_packages  # noqa: F401
import cases_runtime  # noqa: F401
import cases_search  # noqa: F401
import cases_unseen  # noqa: F401
import cases_unseen_more  # noqa: F401
import cases_field  # noqa: F401
import cases_field_odd  # noqa: F401
import cases_unseen_late  # noqa: F401

"""All cases: importing this fills realenv.CASES."""
import cases_compound  # noqa: F401
import cases_damage  # noqa: F401
import cases_gpu  # noqa: F401
import cases_gpu_sim  # noqa: F401
import cases_gpu_sim_access  # noqa: F401
import cases_gpu_sim_cuda  # noqa: F401
import cases_gpu_sim_driver  # noqa: F401
import cases_gpu_sim_examined  # noqa: F401
import cases_gpu_sim_search  # noqa: F401
import cases_gpu_sim_unseen  # noqa: F401
import cases_gpu_sim_unseen_driver  # noqa: F401
import cases_gpu_sim_unseen_healthy  # noqa: F401
import cases_gpu_sim_unseen_last  # noqa: F401
import cases_gpu_sim_unseen_late  # noqa: F401
import cases_gpu_sim_unseen_late_driver  # noqa: F401
import cases_habits  # noqa: F401
import cases_habits_system  # noqa: F401
import cases_healthy  # noqa: F401
import cases_install  # noqa: F401
import cases_installers  # noqa: F401
import cases_loader  # noqa: F401
import cases_mixed  # noqa: F401
import cases_packages  # noqa: F401
import cases_paths  # noqa: F401
import cases_python  # noqa: F401
import cases_requirements  # noqa: F401
import cases_search  # noqa: F401
import cases_startup  # noqa: F401
import cases_system  # noqa: F401
import cases_unseen  # noqa: F401
import cases_unseen_healthy  # noqa: F401
import cases_unseen_late  # noqa: F401
import cases_unseen_system  # noqa: F401
import cases_versions  # noqa: F401
from realenv import CASES

# Of these families only the forecast (--no-run) is asked in the usual run, which has twenty minutes; --all asks and
# repairs all. Each family keeps some members that are always tried in full.
FORECAST_ONLY = """
shadow-inspect shadow-queue shadow-tokenize shadow-math shadow-platform shadow-numbers shadow-wrapt shadow-packaging
shadow-select shadow-calendar shadow-token shadow-struct shadow-socket shadow-email shadow-dis shadow-operator shadow-gast
shadow-ml_dtypes shadow-copyreg shadow-secrets shadow-h5py shadow-code shadow-signal shadow-statistics shadow-astunparse
shadow-optree shadow-rich shadow-abc shadow-os shadow-scipy shadow-torch shadow-keras-namespace shadow-random-tf215
missing-libclang missing-tensorboard missing-markdown missing-pillow missing-urllib3 missing-wheel missing-requests
missing-tensorboard-tf215 missing-setuptools-tf215 missing-grpcio-tf215 missing-packaging-tf215
gast-old wrapt-old absl-old estimator-old numpy-too-new-tf115 packaging-old optree-old typing-extensions-old-tf215
env-protobuf-python env-protobuf-upb-tf210 env-protobuf-cpp-tf210 env-keras-backend-tf215 env-legacy-keras-0
env-xla-flags-good env-numpy-disable-avx2 env-numpy-enable-nonsense env-numpy-both env-numpy-promotion env-log-level-text
env-onednn-text env-malloc-perturb env-gpu-allocator env-nvidia-visible env-tunables env-openblas-coretype
env-wrapt-disable env-tf-deterministic env-tf2-behavior-off keras-json-torch-tf215
stdlib-no-ssl stdlib-no-bz2 stdlib-no-sqlite stdlib-no-hashlib stdlib-logging-gone stdlib-tkinter-gone
ld-libdl-stub ld-libcrypto-stub ld-libz-stub ld-nonexistent ld-bind-now ld-empty ld-colon-cwd
limit-as-16g limit-core-0 limit-stack-256k seccomp-getrandom seccomp-sched-getaffinity seccomp-set-mempolicy
pythonpath-absl-good pythonpath-wrapt-good pythonpath-numpy1 pythonpath-gast pth-noise pth-garbage
numpy-random-gone upb-empty-tf215 protobuf-descriptor-cut h5py-native-arch tensorboard-init-cut grpc-native-cut
pythonoptimize1 pythonwarnings-error-tf215 pythonpath-other-dynload venv-libpython-gone
pip-prefix pip-dry-run pip-require-virtualenv python-gil-0-unknown python-digits-0 python-cpu-count letters-locale-c
keras-2-13-under-tf210 typing-extensions-pinned-for-pydantic-1 numpy-2-under-tf210 wrapt-2-under-tf215 missing-idna-tf215
missing-charset-normalizer missing-mdurl missing-gast-tf210 shadow-array shadow-bisect shadow-tempfile shadow-weakref
shadow-traceback env-keras-home-is-a-file env-keras-backend-openvino env-tunables-static-tls env-pythonwarnings-deprecation-tf210
perm-h5py-init perm-typing-extensions-tf215 limit-data-200m-tf221 limit-as-500m-tf210
half-numpy-tf215 cwd-in-numpy cwd-in-keras-src pythonpath-in-numpy pythonpath-in-keras-src
""".split()

for _n, _c in CASES.items():
    if _c["make"].__module__.startswith(("cases_unseen", "cases_habits")):
        _c["extra"] = True
for _n in FORECAST_ONLY:
    CASES[_n]["extra"] = True

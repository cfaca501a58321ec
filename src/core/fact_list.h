/* One line for each scalar fact: TFD_FACT(symbol, "key", type, "sentence"). Keys are public. Sorted by key.
 */
/* clang-format off: one line each */
TFD_FACT(CPU_AVX, "cpu.avx", TFD_TYPE_BOOL, "The processor has AVX and the system lets programs use it")
TFD_FACT(CPU_AVX2, "cpu.avx2", TFD_TYPE_BOOL, "The processor has AVX2 and the system lets programs use it")
TFD_FACT(CPU_FMA, "cpu.fma", TFD_TYPE_BOOL, "The processor has FMA and the system lets programs use it")
TFD_FACT(CPU_MODEL, "cpu.model", TFD_TYPE_TEXT, "Name of the processor")
TFD_FACT(CUDA_BUILD, "cuda.build", TFD_TYPE_TEXT, "Version of CUDA that this TensorFlow was built for")
TFD_FACT(CUDNN_BUILD, "cudnn.build", TFD_TYPE_TEXT, "Version of cuDNN that this TensorFlow was built for")
TFD_FACT(GLIBC_VERSION, "glibc.version", TFD_TYPE_TEXT,
         "Version of the GNU C library that the interpreter is run with")
TFD_FACT(GPU_COUNT, "gpu.count", TFD_TYPE_INT, "Number of NVIDIA GPUs on the bus")
TFD_FACT(GPU_DRIVER, "gpu.driver", TFD_TYPE_TEXT, "Version of NVIDIA's kernel module")
TFD_FACT(KERAS_JSON, "keras.json", TFD_TYPE_TEXT, "Keras' settings file")
TFD_FACT(KERAS_JSON_BACKEND, "keras.json.backend", TFD_TYPE_TEXT,
         "Back end that Keras' settings file asks for")
TFD_FACT(KERAS_JSON_FAULT, "keras.json.fault", TFD_TYPE_TEXT, "What Keras refuses in its settings file")
TFD_FACT(KERAS_JSON_READABLE, "keras.json.readable", TFD_TYPE_BOOL, "This user may read Keras' settings file")
TFD_FACT(LIMIT_AS, "limit.address_space", TFD_TYPE_INT, "Limit of the address space in bytes (ulimit -v)")
TFD_FACT(LIMIT_DATA, "limit.data", TFD_TYPE_INT, "Limit of the data segment in bytes (ulimit -d)")
TFD_FACT(LIMIT_FSIZE, "limit.file_size", TFD_TYPE_INT, "Limit of the size of files in bytes (ulimit -f)")
TFD_FACT(LIMIT_NOFILE, "limit.open_files", TFD_TYPE_INT, "Limit of open files (ulimit -n)")
TFD_FACT(LIMIT_NPROC, "limit.processes", TFD_TYPE_INT,
         "Limit of this user's processes and threads (ulimit -u)")
TFD_FACT(LIMIT_CPU, "limit.processor_time", TFD_TYPE_INT,
         "Limit of a process' processor time in seconds (ulimit -t)")
TFD_FACT(LIMIT_STACK, "limit.stack", TFD_TYPE_INT, "Limit of the main thread's stack in bytes (ulimit -s)")
TFD_FACT(MEMORY_COMMIT_FREE, "memory.commit_free", TFD_TYPE_INT,
         "Windows: what memory and page file together can still promise to programs, in bytes")
TFD_FACT(MEMORY_COMMIT_LIMIT, "memory.commit_limit", TFD_TYPE_INT,
         "Windows: what memory and page file together can promise to programs, in bytes")
TFD_FACT(MEMORY_FREE, "memory.free", TFD_TYPE_INT,
         "Memory that a new process can get, in bytes, control group included")
TFD_FACT(MEMORY_TOTAL, "memory.total", TFD_TYPE_INT, "Memory of the machine or control group, in bytes")
TFD_FACT(OS_CONTAINER, "os.container", TFD_TYPE_BOOL, "The system runs in a container")
TFD_FACT(OS_KERNEL, "os.kernel", TFD_TYPE_TEXT, "Release of the kernel")
TFD_FACT(OS_NAME, "os.name", TFD_TYPE_TEXT, "Name and version of the operating system")
TFD_FACT(OS_PROC, "os.proc", TFD_TYPE_BOOL, "The proc file system is mounted on /proc")
TFD_FACT(OS_WSL, "os.wsl", TFD_TYPE_BOOL, "The system is the Windows Subsystem for Linux")
TFD_FACT(PYTHON_ENVIRONMENT, "python.environment", TFD_TYPE_TEXT,
         "Kind of environment: system, pyenv, standalone, venv, uv, conda, embedded, store")
TFD_FACT(PYTHON_VERSION, "python.version", TFD_TYPE_TEXT, "Version of the interpreter examined")
TFD_FACT(SITE_FREE_BYTES, "site.free_bytes", TFD_TYPE_INT,
         "Free space where packages are installed, in bytes")
TFD_FACT(SITE_MOUNT, "site.mount", TFD_TYPE_TEXT, "Where the file system of the packages is mounted")
TFD_FACT(SITE_NOEXEC, "site.noexec", TFD_TYPE_BOOL, "The packages lie on a file system mounted noexec")
TFD_FACT(TENSORFLOW_VERSION, "tensorflow.version", TFD_TYPE_TEXT, "Version of TensorFlow by its metadata")
TFD_FACT(TMP_FREE_BYTES, "tmp.free_bytes", TFD_TYPE_INT,
         "Free space in the roomiest folder for temporary files, in bytes")
TFD_FACT(TMP_WRITABLE, "tmp.writable", TFD_TYPE_BOOL, "One of the folders for temporary files can be written")
TFD_FACT(VCREDIST_VERSION, "vcredist.version", TFD_TYPE_TEXT,
         "Windows: the Visual C++ redistributable that the registry says is installed, for the interpreter's "
         "processor")
TFD_FACT(WINDOWS_BUILD, "windows.build", TFD_TYPE_INT, "Windows: the number of its build")
TFD_FACT(WINDOWS_LONG_PATHS, "windows.long_paths", TFD_TYPE_BOOL,
         "Windows: programs may use paths of 260 characters and more")
TFD_FACT(WINDOWS_MARKED_FILE, "windows.marked_file", TFD_TYPE_TEXT,
         "Windows: a native file of TensorFlow that bears the mark of the internet (Zone.Identifier)")
TFD_FACT(WINDOWS_PROTECTION, "windows.protection", TFD_TYPE_TEXT,
         "Windows: virus scanners that say they are installed (information only)")
/* clang-format on */

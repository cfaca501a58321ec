/* Devices, drivers, containers, WSL. */
#include "fixes/fix.h"

static const tfd_gpu *gpu_of(const tfd_fix_ctx *ctx)
{
    return &ctx->view->facts->gpu;
}

static bool is_distro(const tfd_fix_ctx *ctx, const char *a, const char *b)
{
    tfd_str distro = ctx->view->facts->system ? ctx->view->facts->system->distro : TFD_STR("");

    return tfd_str_is(distro, a) || tfd_str_is(distro, b);
}

static bool is_wsl(const tfd_fix_ctx *ctx)
{
    return ctx->view->facts->system && ctx->view->facts->system->is_wsl;
}

static bool is_container(const tfd_fix_ctx *ctx)
{
    return ctx->view->facts->system && ctx->view->facts->system->is_container;
}

static void admin(tfd_fix_ctx *ctx, const char *command)
{
    tfd_fix_command(ctx, tfd_arena_fmt(ctx->arena, "%s%s", tfd_fix_sudo(ctx), command));
    tfd_fix_needs_admin(ctx);
}

static void restart_note(tfd_fix_ctx *ctx)
{
    tfd_fix_note(ctx, TFD_STR("Restart the machine afterwards."));
}

/* ---- hidden */

static void fix_hidden(tfd_fix_ctx *ctx)
{
    tfd_str subject = ctx->lead->subject;

    if (tfd_str_is(subject, "CUDA_VISIBLE_DEVICES") && tfd_fix_start_variable(ctx, subject))
        return;
    if (tfd_str_is(subject, "CUDA_VISIBLE_DEVICES")) {
        tfd_fix_begin(ctx, TFD_STR("Let TensorFlow see all GPUs"));
        tfd_fix_unset(ctx, TFD_STR("CUDA_VISIBLE_DEVICES"));
        tfd_fix_note(
            ctx,
            TFD_STR("If a start-up file, a notebook kernel or a batch system sets it, change it there."));
    } else if (tfd_str_is(subject, "MIG")) {
        tfd_fix_begin(ctx, TFD_STR("Switch MIG off, or make an instance (nvidia-smi mig -cgi PROFILE -C)"));
        admin(ctx, "nvidia-smi -mig 0");
    } else if (tfd_str_is(subject, "cgroup")) {
        tfd_fix_begin(ctx,
                      TFD_STR("Ask for the GPU where the job or container is started: sbatch or srun with "
                              "--gres=gpu:1, docker run --gpus all …; a container that had it and lost it "
                              "(after systemctl daemon-reload) has to be started anew"));
    } else if (tfd_str_is(subject, "vfio-pci")) {
        tfd_fix_begin(
            ctx,
            TFD_STR("Give the GPU back to this system: take its id out of vfio-pci's options and restart"));
    } else {
        tfd_fix_begin(
            ctx,
            TFD_STR(
                "Start the container with its GPUs: docker run --gpus all …, in a compose file "
                "deploy.resources.reservations.devices, with podman --device nvidia.com/gpu=all; the host "
                "needs nvidia-container-toolkit"));
    }
}

static void fix_nodes(tfd_fix_ctx *ctx)
{
    const tfd_gpu *gpu = gpu_of(ctx);
    tfd_str command;

    tfd_fix_begin(ctx, TFD_STR("Let this user open the GPU's device files"));
    command = tfd_arena_fmt(ctx->arena, "%schmod a+rw", tfd_fix_sudo(ctx));
    for (size_t i = 0; i < gpu->nodes.count; i++)
        if (gpu->nodes.items[i].exists && gpu->nodes.items[i].usable == TFD_NO)
            command =
                tfd_arena_fmt(ctx->arena, "%.*s %.*s", TFD_ARG(command), TFD_ARG(gpu->nodes.items[i].path));
    tfd_fix_command(ctx, command);
    tfd_fix_needs_admin(ctx);
    tfd_fix_note(
        ctx,
        TFD_STR("To keep it over a restart: options nvidia NVreg_DeviceFileMode=0666 in /etc/modprobe.d, or "
                "put the user into the group that owns the files."));
}

static void fix_memory(tfd_fix_ctx *ctx)
{
    if (tfd_str_is(ctx->lead->path, "mode")) {
        tfd_fix_begin(ctx, TFD_STR("Open the GPU to all programs"));
        admin(ctx, "nvidia-smi -c 0");
        return;
    }
    tfd_fix_begin(
        ctx,
        TFD_STR("End the processes that hold the GPU's memory (nvidia-smi names them), or choose another "
                "GPU with CUDA_VISIBLE_DEVICES"));
}

/* ---- drivers */

static void note_other_places(tfd_fix_ctx *ctx)
{
    if (is_container(ctx))
        tfd_fix_note(ctx, TFD_STR("Inside of a container the driver is the host's: run this on the host."));
    else
        restart_note(ctx);
}

static void install_driver(tfd_fix_ctx *ctx, const char *title)
{
    tfd_fix_begin(ctx, tfd_str_of(title));
    if (is_distro(ctx, "ubuntu", "pop")) {
        admin(ctx, "apt-get install -y ubuntu-drivers-common");
        admin(ctx, "ubuntu-drivers install");
    } else if (is_distro(ctx, "debian", "debian")) {
        admin(ctx, "apt-get install -y nvidia-driver firmware-misc-nonfree");
    } else if (is_distro(ctx, "fedora", "fedora")) {
        admin(ctx, "dnf install -y akmod-nvidia xorg-x11-drv-nvidia-cuda");
    } else if (is_distro(ctx, "rhel", "rocky") || is_distro(ctx, "almalinux", "centos")) {
        admin(ctx, "dnf module install -y nvidia-driver:latest-dkms");
    } else if (is_distro(ctx, "arch", "manjaro")) {
        admin(ctx, "pacman -S --noconfirm nvidia nvidia-utils");
    } else if (is_distro(ctx, "opensuse-leap", "opensuse-tumbleweed")) {
        admin(ctx, "zypper install -y nvidia-driver-G06");
    }
    ctx->items[ctx->count - 1].needs_network = true;
    ctx->items[ctx->count - 1].url =
        TFD_STR("https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/");
    note_other_places(ctx);
}

static void fix_windows_driver(tfd_fix_ctx *ctx, const char *title)
{
    tfd_fix_begin(ctx, tfd_str_of(title));
    tfd_fix_note(
        ctx,
        TFD_STR("On Windows: install the current NVIDIA driver, then wsl --update and wsl --shutdown. Never "
                "install a Linux display driver inside of WSL."));
    ctx->items[ctx->count - 1].url = TFD_STR("https://docs.nvidia.com/cuda/wsl-user-guide/");
}

/* The libraries of a driver whose kernel module runs. */
static void fix_no_library(tfd_fix_ctx *ctx)
{
    tfd_str elsewhere = gpu_of(ctx)->libcuda.elsewhere;
    tfd_str branch, rest;

    (void)tfd_str_cut(gpu_of(ctx)->kernel_module, '.', &branch, &rest);
    if (elsewhere.len > 0) {
        tfd_fix_begin(ctx, TFD_STR("Tell ld.so where the driver's libraries lie"));
        tfd_fix_put_first(ctx, "LD_LIBRARY_PATH", tfd_path_dir(TFD_PATH_POSIX, elsewhere));
        tfd_fix_note(ctx, TFD_STR("It has to be set wherever the program is started (ENV in a Dockerfile)."));
    }
    if (is_container(ctx)) {
        tfd_fix_begin(
            ctx, TFD_STR("Have the driver's libraries handed into the container: run it with --gpus all and "
                         "NVIDIA_DRIVER_CAPABILITIES=compute,utility"));
        return;
    }
    tfd_fix_begin(ctx, TFD_STR("Install the libraries of the driver that is loaded"));
    if (is_distro(ctx, "ubuntu", "pop") && branch.len > 1)
        admin(ctx,
              tfd_arena_z(ctx->arena, tfd_arena_fmt(ctx->arena, "apt-get install -y libnvidia-compute-%.*s",
                                                    TFD_ARG(branch))));
    else if (is_distro(ctx, "debian", "debian"))
        admin(ctx, "apt-get install -y libcuda1 libnvidia-ml1");
    else if (is_distro(ctx, "fedora", "fedora"))
        admin(ctx, "dnf install -y xorg-x11-drv-nvidia-cuda-libs");
    else if (is_distro(ctx, "arch", "manjaro"))
        admin(ctx, "pacman -S --noconfirm nvidia-utils");
    ctx->items[ctx->count - 1].needs_network = true;
}

static void fix_driver_missing(tfd_fix_ctx *ctx)
{
    if (is_wsl(ctx))
        fix_windows_driver(ctx, "Install NVIDIA's driver on Windows");
    else if (gpu_of(ctx)->kernel_module.len > 0)
        fix_no_library(ctx);
    else
        install_driver(ctx, "Install NVIDIA's driver");
}

static void fix_driver_old(tfd_fix_ctx *ctx)
{
    if (is_wsl(ctx))
        fix_windows_driver(ctx, "Update NVIDIA's driver on Windows");
    else
        install_driver(ctx, "Install a newer NVIDIA driver");
    tfd_fix_older_cuda(ctx);
}

static void reload_modules(tfd_fix_ctx *ctx, const char *title)
{
    tfd_fix_begin(ctx, tfd_str_of(title));
    admin(ctx, "modprobe -r nvidia_uvm nvidia_drm nvidia_modeset nvidia");
    admin(ctx, "modprobe nvidia_uvm");
    tfd_fix_note(
        ctx,
        is_container(ctx)
            ? TFD_STR("Inside of a container the module is the host's: run this there, or restart the host.")
            : TFD_STR(
                  "Where a desktop or a service holds the module, restart the machine in place of this."));
}

static void fix_mismatch(tfd_fix_ctx *ctx)
{
    const tfd_gpu_library *libcuda = &gpu_of(ctx)->libcuda;

    if (!tfd_str_is(ctx->lead->subject, "forward compatibility")) {
        reload_modules(ctx, "Load the kernel module that belongs to the libraries");
        return;
    }
    install_driver(ctx, "Install a newer driver in place of the forward-compatibility package");
    if (tfd_str_is(libcuda->rule, "LD_LIBRARY_PATH"))
        tfd_fix_remove_entry(ctx, "LD_LIBRARY_PATH", TFD_STR(":"),
                             tfd_path_dir(TFD_PATH_POSIX, libcuda->path));
    tfd_fix_older_cuda(ctx);
}

/* ld.so finds the toolkit's stub before, or in place of, the driver's library. */
static void fix_stub(tfd_fix_ctx *ctx)
{
    tfd_str folder = tfd_path_dir(TFD_PATH_POSIX, gpu_of(ctx)->libcuda.path);

    tfd_fix_begin(ctx, TFD_STR("Take the folder of the toolkit's stub out of ld.so's configuration"));
    admin(ctx, tfd_arena_z(ctx->arena,
                           tfd_arena_fmt(ctx->arena,
                                         "sed -i '\\#^%.*s/*$#d' /etc/ld.so.conf /etc/ld.so.conf.d/*.conf",
                                         TFD_ARG(folder))));
    admin(ctx, "ldconfig");
    tfd_fix_note(
        ctx, TFD_STR("If nothing else brings libcuda.so.1, the driver's libraries have to be installed."));
}

static void fix_driver_broken(tfd_fix_ctx *ctx)
{
    tfd_str subject = ctx->lead->subject;

    if (tfd_str_is(subject, "WSL")) {
        tfd_fix_begin(ctx,
                      TFD_STR("Remove the Linux display driver from WSL, so that Windows' own is found"));
        admin(ctx, "apt-get purge -y '^libnvidia-.*' '^nvidia-driver-.*' '^nvidia-utils-.*'");
        admin(ctx, "ldconfig");
    } else if (tfd_str_is(subject, "Secure Boot")) {
        tfd_fix_begin(
            ctx, TFD_STR("Enrol the key that signs the module (or switch Secure Boot off), and restart"));
        admin(ctx, is_distro(ctx, "ubuntu", "pop") ? "mokutil --import /var/lib/shim-signed/mok/MOK.der"
                                                   : "mokutil --import /var/lib/dkms/mok.pub");
        tfd_fix_note(
            ctx, TFD_STR("Restart, choose Enroll MOK in the blue screen and give the password you chose."));
    } else if (tfd_str_is(subject, "kernel module")) {
        tfd_fix_begin(ctx, TFD_STR("Build and load the kernel module for the kernel that runs"));
        if (gpu_of(ctx)->module_file.len == 0)
            admin(ctx, "dkms autoinstall");
        admin(ctx, "modprobe nvidia");
        tfd_fix_note(ctx, is_container(ctx)
                              ? TFD_STR("Inside of a container the module is the host's: run this there.")
                              : TFD_STR("dkms needs the headers of the running kernel."));
    } else if (tfd_str_is(subject, "fabric manager")) {
        tfd_fix_begin(ctx, TFD_STR("Start the fabric manager; its version must be the driver's"));
        admin(ctx, "systemctl enable --now nvidia-fabricmanager");
    } else if (tfd_str_is(subject, "device files") && is_container(ctx)) {
        tfd_fix_begin(
            ctx, TFD_STR("Start the container with all device files of its GPUs: docker run --gpus all …, "
                         "with podman --device nvidia.com/gpu=all, in place of single --device options"));
    } else if (tfd_str_is(subject, "device files")) {
        tfd_fix_begin(ctx, TFD_STR("Make the device files"));
        admin(ctx, "nvidia-modprobe -c 0 -u");
    } else if (tfd_str_is(subject, "stub")) {
        fix_stub(ctx);
    } else {
        reload_modules(ctx, "Load the kernel module anew (dmesg | grep -iE 'nvrm|xid' says what happened)");
    }
}

void tfd_fix_gpu(tfd_fix_ctx *ctx)
{
    switch (ctx->lead->cause) {
    case TFD_CAUSE_GPU_NONE:
        tfd_fix_begin(
            ctx,
            TFD_STR("Run this where there is an NVIDIA GPU (a virtual machine needs one handed in by its "
                    "host); without one TensorFlow computes on the processor"));
        break;
    case TFD_CAUSE_GPU_HIDDEN:
        fix_hidden(ctx);
        break;
    case TFD_CAUSE_GPU_PERMISSION:
        fix_nodes(ctx);
        break;
    case TFD_CAUSE_GPU_MEMORY:
        fix_memory(ctx);
        break;
    case TFD_CAUSE_DRIVER_MISSING:
        fix_driver_missing(ctx);
        break;
    case TFD_CAUSE_DRIVER_TOO_OLD:
        fix_driver_old(ctx);
        break;
    case TFD_CAUSE_DRIVER_MISMATCH:
        fix_mismatch(ctx);
        break;
    case TFD_CAUSE_DRIVER_BROKEN:
        fix_driver_broken(ctx);
        break;
    default:
        break;
    }
}

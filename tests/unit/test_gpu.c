/* What a TensorFlow says of its build, what the driver's child says, and which code runs on which GPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "checks/gpu_blame.h"
#include "core/driver.h"
#include "core/import.h"
#include "probes/cuda_build.h"

static void test_build_info(void **state)
{
    static const struct {
        const char *text;
        tfd_tri is_cuda, is_rocm;
        const char *cuda, *cudnn;
        size_t kernels, ptx;
        const char *last;
        int line;
    } rows[] = {
        {"build_info = collections.OrderedDict([('cuda_compute_capabilities', ['sm_60', 'sm_89', "
         "'compute_90']), "
         "('cuda_version', '12.5.1'), ('cudnn_version', '9'), ('is_cuda_build', True), ('is_rocm_build', "
         "False)])\n",
         TFD_YES, TFD_NO, "12.5.1", "9", 2, 1, "9.0", __LINE__},
        {"is_rocm_build = False\nis_cuda_build = True\ncuda_version = '10.0'\n", TFD_YES, TFD_NO, "10.0", "",
         0, 0, "", __LINE__},
        {"build_info = {'is_cuda_build': False, 'is_rocm_build': True}\n", TFD_NO, TFD_YES, "", "", 0, 0, "",
         __LINE__},
        {"('cuda_version', '64_112'), ('cudnn_version', '64_8'), ('is_cuda_build', True)", TFD_YES,
         TFD_UNKNOWN, "", "", 0, 0, "", __LINE__},
        {"'cuda_compute_capabilities', ['sm_100', 'sm_90a', 'compute_120', 'sm_x', 'sm_', '']", TFD_UNKNOWN,
         TFD_UNKNOWN, "", "", 2, 1, "12.0", __LINE__},
        {"'cuda_compute_capabilities', ['sm_60'", TFD_UNKNOWN, TFD_UNKNOWN, "", "", 0, 0, "", __LINE__},
        {"", TFD_UNKNOWN, TFD_UNKNOWN, "", "", 0, 0, "", __LINE__},
        {"'cuda_version', '", TFD_UNKNOWN, TFD_UNKNOWN, "", "", 0, 0, "", __LINE__},
        {"my_cuda_version = '9'\nis_cuda_build_x = True\n", TFD_UNKNOWN, TFD_UNKNOWN, "", "", 0, 0, "",
         __LINE__},
    };
    tfd_arena arena;

    (void)state;
    tfd_arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_gpu_build build = {0};

        assert_int_equal(tfd_cuda_build_parse(&arena, tfd_str_of(rows[i].text), &build), TFD_OK);
        if (build.is_cuda != rows[i].is_cuda || build.is_rocm != rows[i].is_rocm ||
            !tfd_str_is(build.cuda, rows[i].cuda) || !tfd_str_is(build.cudnn, rows[i].cudnn) ||
            build.kernels.count != rows[i].kernels || build.ptx.count != rows[i].ptx)
            fail_msg("line %d: CUDA %.*s, cuDNN %.*s, %zu and %zu", rows[i].line, TFD_ARG(build.cuda),
                     TFD_ARG(build.cudnn), build.kernels.count, build.ptx.count);
        if (build.ptx.count > 0)
            assert_true(tfd_str_is(build.ptx.items[0], rows[i].last));
    }
    tfd_arena_done(&arena);
}

static void test_driver_answers(void **state)
{
    static const char text[] =
        "[\"nvml-open\",null]\n[\"nvml-init\",0]\n[\"nvml\",\"550.54.14\",1]\n"
        "[\"nvml-device\",\"NVIDIA A100\",8,0,40960,512,3,2,1,0]\nnoise\n[[[\"deep\"]]]\n"
        "[\"cuda-open\",null,\"/usr/lib/libcuda.so.550.54.14\"]\n[\"cuda-version\",12040]\n"
        "[\"cuda-init\",0,\"CUDA_SUCCESS\"]\n[\"cuda\",1,1]\n[\"cuda-device\",\"NVIDIA A100\",8,0,3]\n"
        "[\"end\"]\n[\"cuda-init\"\n";
    tfd_driver_answer answer;
    tfd_arena arena;

    (void)state;
    tfd_arena_init(&arena, 0);
    assert_int_equal(tfd_driver_read(&arena, tfd_str_of(text), &answer), TFD_OK);
    assert_true(answer.ran && answer.has_init && answer.init == 0 && answer.has_nvml && answer.nvml == 0);
    assert_true(tfd_str_is(answer.driver, "550.54.14") && answer.cuda_version == 12040 && answer.count == 1);
    assert_true(answer.can_compute && answer.devices.complete && answer.devices.count == 1);
    assert_int_equal(answer.nvml_devices.count, 1);
    assert_int_equal(answer.nvml_devices.items[0].free_mib, 512);
    assert_int_equal(answer.nvml_devices.items[0].processes, 2);
    assert_int_equal(answer.nvml_devices.items[0].mig_instances, 0);
    assert_int_equal(tfd_driver_read(&arena, TFD_STR("Traceback\n"), &answer), TFD_OK);
    assert_false(answer.ran);
    assert_int_equal(answer.count, -1);
    assert_int_equal(
        tfd_driver_read(&arena, TFD_STR("[\"nvml-device\"]\n[\"cuda\",1e99,\"x\"]\n[7]\n"), &answer), TFD_OK);
    assert_false(answer.nvml_devices.items[0].has_memory);
    tfd_arena_done(&arena);
}

static void test_trial(void **state)
{
    static const char text[] =
        "[\"stage\",\"done\"]\n[\"gpu\",\"build\",true,false]\n"
        "[\"gpu\",\"list\",[\"/physical_device:GPU:0\"]]\n[\"gpu\",\"step\",\"multiply\",0]\n"
        "[\"gpu\",\"step\",\"convolve\",0]\n";
    tfd_import import = {0};
    tfd_arena arena;

    (void)state;
    tfd_arena_init(&arena, 0);
    assert_int_equal(tfd_import_read(&arena, tfd_str_of(text), &import), TFD_OK);
    assert_true(import.gpu.asked && import.gpu.listed && import.gpu.is_cuda && import.gpu.names.count == 1);
    assert_true(import.gpu.compute_began && !import.gpu.computed &&
                tfd_str_is(import.gpu.compute_step, "convolve"));
    assert_int_equal(tfd_import_read(&arena, TFD_STR("[\"gpu\",\"computed\"]\n"), &import), TFD_OK);
    assert_true(import.gpu.computed);
    tfd_arena_done(&arena);
}

/* CUDA C++ Programming Guide, "Application Compatibility": machine code runs on its major with the same or a
 * higher minor, intermediate code on everything later. */
static void test_code(void **state)
{
    static tfd_str kernels[] = {TFD_STR_INIT("6.0"), TFD_STR_INIT("7.0"), TFD_STR_INIT("8.0"),
                                TFD_STR_INIT("8.9"), TFD_STR_INIT("9.0")};
    static tfd_str ptx[] = {TFD_STR_INIT("9.0")};
    static const struct {
        const char *cc;
        tfd_gpu_code code;
    } rows[] = {
        {"8.6", TFD_GPU_CODE_NATIVE},  {"6.1", TFD_GPU_CODE_NATIVE}, {"7.5", TFD_GPU_CODE_NATIVE},
        {"9.0", TFD_GPU_CODE_NATIVE},  {"12.0", TFD_GPU_CODE_PTX},   {"10.3", TFD_GPU_CODE_PTX},
        {"5.2", TFD_GPU_CODE_NONE},    {"3.7", TFD_GPU_CODE_NONE},   {"", TFD_GPU_CODE_UNKNOWN},
        {"x.y", TFD_GPU_CODE_UNKNOWN},
    };
    tfd_gpu_build build = {0};

    (void)state;
    assert_int_equal(tfd_gpu_code_for(&build, TFD_STR("8.6")), TFD_GPU_CODE_UNKNOWN);
    build.kernels.items = kernels;
    build.kernels.count = 5;
    build.ptx.items = ptx;
    build.ptx.count = 1;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (tfd_gpu_code_for(&build, tfd_str_of(rows[i].cc)) != rows[i].code)
            fail_msg("compute capability %s", rows[i].cc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build_info),
        cmocka_unit_test(test_driver_answers),
        cmocka_unit_test(test_trial),
        cmocka_unit_test(test_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

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
#include "probes/cuda_tools.h"
#include "../helpers/memory_machine.h"

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

/* strtol on each entry, as the driver does; "leaves" are the indices that stay visible. */
static void test_visible(void **state)
{
    static const struct {
        const char *value;
        size_t count;
        tfd_tri hidden;
        const char *leaves;
    } rows[] = {
        {"0", 2, TFD_NO, "0"},
        {"1,0", 2, TFD_NO, "10"},
        {" 1 , 0", 2, TFD_NO, "10"},
        {"+1", 2, TFD_NO, "1"},
        {"00", 2, TFD_NO, "0"},
        {"1;0", 2, TFD_NO, "1"},
        {"0abc", 2, TFD_NO, "0"},
        {"1,7,0", 2, TFD_NO, "1"},
        {"5", 0, TFD_NO, "5"}, /* their number is not known */
        {"", 2, TFD_YES, ""},
        {" ", 2, TFD_YES, ""},
        {"-1", 2, TFD_YES, ""},
        {"-1,0", 2, TFD_YES, ""},
        {",0", 2, TFD_YES, ""},
        {"2", 2, TFD_YES, ""},
        {"0,0", 2, TFD_YES, ""},
        {"0,1,0", 2, TFD_YES, ""},
        {"none", 2, TFD_YES, ""},
        {"\"0\"", 2, TFD_YES, ""},
        {"[0]", 2, TFD_YES, ""},
        {"99999999999999999999999", 2, TFD_YES, ""},
        {"GPU-8932f937", 2, TFD_UNKNOWN, ""},
        {"MIG-8932f937,0", 2, TFD_UNKNOWN, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        tfd_gpu_visible got = tfd_gpu_visible_read(tfd_str_of(rows[i].value), rows[i].count);

        if (got.hidden != rows[i].hidden || got.count != strlen(rows[i].leaves))
            fail_msg("\"%s\": %d, %zu left", rows[i].value, (int)got.hidden, got.count);
        for (size_t j = 0; j < got.count; j++)
            assert_int_equal(got.indices[j], rows[i].leaves[j] - '0');
    }
}

static void test_tool_version(void **state)
{
    static char large[200000];
    static const struct {
        const char *text, *version;
        size_t at;
    } rows[] = {
        {"Cuda compilation tools, release 12.9, V12.9.86\n", "12.9.86", 0},
        {"Cuda compilation tools, release %d.%d, V%d\n", "", 0},
        {"Cuda compilation tools, release %d.%d,\0Cuda compilation tools, release 11.2, V11.2.152", "", 0},
        {"Cuda compilation tools, release 11.2, V11.2.152", "11.2.152", 65500}, /* over the edge of a chunk */
        {"Cuda compilation tools, release 11.2, V11.2.152", "11.2.152", 150000},
        {"release 11.2, V11.2.152", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memory_machine machine;
        tfd_probe_ctx ctx = {0};
        tfd_arena arena;
        tfd_str version;

        tfd_arena_init(&arena, 0);
        memory_init(&machine);
        memset(large, 0, sizeof large);
        memcpy(large + rows[i].at, rows[i].text, strlen(rows[i].text));
        memory_add(&machine, "/usr/bin/ptxas", large, sizeof large);
        ctx.sys = &machine.sys;
        ctx.arena = &arena;
        assert_int_equal(tfd_cuda_tool_version(&ctx, TFD_STR("/usr/bin/ptxas"), &version, NULL), TFD_OK);
        if (!tfd_str_is(version, rows[i].version))
            fail_msg("row %zu: %.*s", i, TFD_ARG(version));
        tfd_arena_done(&arena);
    }
    assert_true(tfd_cuda_tool_is_refused(TFD_STR("11.2.152"), TFD_STR("2.20.0")));
    assert_true(tfd_cuda_tool_is_refused(TFD_STR("12.3.103"), TFD_STR("2.20.0")));
    assert_false(tfd_cuda_tool_is_refused(TFD_STR("11.8.89"), TFD_STR("2.20.0")));
    assert_false(tfd_cuda_tool_is_refused(TFD_STR("11.2.152"), TFD_STR("2.10.1")));
    assert_false(tfd_cuda_tool_is_refused(TFD_STR(""), TFD_STR("2.20.0")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_build_info), cmocka_unit_test(test_driver_answers),
        cmocka_unit_test(test_trial),      cmocka_unit_test(test_code),
        cmocka_unit_test(test_visible),    cmocka_unit_test(test_tool_version),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

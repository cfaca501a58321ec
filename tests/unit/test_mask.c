#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/mask.h"

typedef struct mask_case {
    int line;
    const char *input;
    const char *expected; /* NULL: stays as it is */
} mask_case;

static void check_all(const mask_case *cases, size_t n, tfd_mask_level level)
{
    for (size_t i = 0; i < n; i++) {
        const char *expected = cases[i].expected ? cases[i].expected : cases[i].input;
        tfd_buf buf;

        tfd_buf_init(&buf, 65536);
        tfd_mask_add(&buf, tfd_str_of(cases[i].input), level, NULL);
        if (!tfd_str_is(tfd_buf_get(&buf), expected))
            fail_msg("line %d: '%s', expected '%s'", cases[i].line, buf.ptr, expected);
        tfd_buf_done(&buf);
    }
}

static void test_secrets(void **state)
{
    static const mask_case cases[] = {
        {__LINE__, "https://user:hunter2@pypi.example/simple", "https://user:***@pypi.example/simple"},
        {__LINE__, "https://abc123@pypi.example/simple", "https://***@pypi.example/simple"},
        {__LINE__, "http://a:p@ss@proxy.example:8080", "http://a:***@proxy.example:8080"},
        {__LINE__, "PIP_INDEX_URL=https://me:s3cret@host/simple and more",
         "PIP_INDEX_URL=https://me:***@host/simple and more"},
        {__LINE__, "https://host/x?token=abcdef&a=b", "https://host/x?token=***&a=b"},
        {__LINE__, "HF_TOKEN=abc", "HF_TOKEN=***"},
        {__LINE__, "MY_PASSWORD=hunter2 next", "MY_PASSWORD=*** next"},
        {__LINE__, "export DB_PASSWD='a b c'", "export DB_PASSWD='***'"},
        {__LINE__, "CLIENT_SECRET = x", "CLIENT_SECRET = ***"},
        {__LINE__, "WANDB_API_KEY=0123abcd", "WANDB_API_KEY=***"},
        {__LINE__, "AWS_SECRET_ACCESS_KEY=/wJalrXUtnFEMI/K7MDENG", "AWS_SECRET_ACCESS_KEY=***"},
        {__LINE__, "GITHUBTOKEN=x1", "GITHUBTOKEN=***"},
        {__LINE__, "MYSQL_PWD=x1", "MYSQL_PWD=***"},
        {__LINE__, "id AKIAIOSFODNN7EXAMPLE here", "id *** here"},
        {__LINE__, "{\"apiKey\": \"abc\", \"n\": 1}", "{\"apiKey\": \"***\", \"n\": 1}"},
        {__LINE__, "{'access_token': 'abc'}", "{'access_token': '***'}"},
        {__LINE__, "password: hunter", "password: ***"},
        {__LINE__, "Authorization: Bearer abcdef0123456789abcd", "Authorization: Bearer ***"},
        {__LINE__, "Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic ***"},
        {__LINE__, "sent bearer abcdef0123456789abcd", "sent bearer ***"},
        {__LINE__, "ghp_0123456789abcdefghijABCDEFGHIJ012345", "***"},
        {__LINE__, "(hf_AbCdEfGhIjKlMnOpQrStUvWxYz01234567)", "(***)"},
        {__LINE__, "glpat-abcDEF0123456789abcd", "***"},
        {__LINE__, "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcdefgh_-1", "***"},
        {__LINE__, "run --token abc --x", "run --token *** --x"},
        {__LINE__, "run --api-key=abc --x", "run --api-key=*** --x"},
        {__LINE__, "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
         "-----BEGIN RSA PRIVATE KEY-----***-----END RSA PRIVATE KEY-----"},
        {__LINE__, "-----BEGIN PRIVATE KEY-----\nMIIE", "-----BEGIN PRIVATE KEY-----***"},
    };

    (void)state;
    check_all(cases, sizeof cases / sizeof cases[0], TFD_MASK_ALL);
}

static void test_look_alikes(void **state)
{
    static const mask_case cases[] = {
        {__LINE__, "", NULL},
        {__LINE__, "numpy-2.1.0.dist-info/RECORD", NULL},
        {__LINE__, "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU", NULL},
        {__LINE__, "libopenblas64_p-r0-15028c96.3.21.so", NULL},
        {__LINE__, "numpy<2.0.0,>=1.23.5; python_version == \"3.11\"", NULL},
        {__LINE__, "/usr/lib/python3.11/secrets.py:12", NULL},
        {__LINE__, "File \"/usr/lib/python3.11/token.py\", line 5", NULL},
        {__LINE__, "tokenizers==0.15.0", NULL},
        {__LINE__, "TOKENIZERS_PARALLELISM=1", NULL},
        {__LINE__, "token==1.0 is required", NULL},
        {__LINE__, "max_tokens=2048", NULL},
        {__LINE__, "SyntaxError: unexpected token: ')'", NULL},
        {__LINE__, "KeyError: 'tensorflow'", NULL},
        {__LINE__, "TypeError: got an unexpected keyword argument 'key'", NULL},
        {__LINE__, "key=numpy", NULL},
        {__LINE__, "keras=2.15.0 KERAS_BACKEND=tensorflow", NULL},
        {__LINE__, "PWD=/home/me OLDPWD=/home", NULL},
        {__LINE__, "KEYBOARD=us MONKEYS_EAT", NULL},
        {__LINE__, "SSL_KEY=/etc/ssl/key.pem", NULL},
        {__LINE__, "GOOGLE_APPLICATION_CREDENTIALS=/home/me/gcp.json", NULL},
        {__LINE__, "DB_PASSWORD_FILE=run/x", NULL},
        {__LINE__, "HF_TOKEN= PIP_NO_PASSWORD=true", NULL},
        {__LINE__, "HF_TOKEN=$OTHER", NULL},
        {__LINE__, "ssh://git@host.example/x.git", NULL},
        {__LINE__, "https://host.example/a@b", NULL},
        {__LINE__, "https://host.example:8080/x", NULL},
        {__LINE__, "mail me@host.example", NULL},
        {__LINE__, "bearer of bad news that is long", NULL},
        {__LINE__, "sk-learn-contrib-something-that-is-long-enough", NULL},
        {__LINE__, "_ZN10tensorflow8OpKernel11TraceStringERKNS_15OpKernelContextEb", NULL},
        {__LINE__, "C:\\Python313\\python.exe", NULL},
        {__LINE__, "secret_key.so: undefined symbol: _ZTIN10x1y2", NULL},
    };

    (void)state;
    check_all(cases, sizeof cases / sizeof cases[0], TFD_MASK_ALL);
}

static void test_commands(void **state)
{
    static const mask_case cases[] = {
        {__LINE__, "pip install -i https://u:p@h/simple x", "pip install -i https://u:***@h/simple x"},
        {__LINE__, "unset HF_TOKEN; API_KEY=x tfdiag", NULL},
        {__LINE__, "pip install https://aka.example/vs/17 'numpy<2.0.0,>=1.23.5'", NULL},
    };

    (void)state;
    check_all(cases, sizeof cases / sizeof cases[0], TFD_MASK_URLS);
}

/* What a variable of the environment holds is hidden wherever it turns up, also where no name stands beside
 * it. */
static void test_environment(void **state)
{
    const tfd_str environment[] = {
        TFD_STR_INIT("MY_API_TOKEN=tok-5up3r"),
        TFD_STR_INIT("PIP_INDEX_URL=https://user:pw-D-5566@host.example/simple"),
        TFD_STR_INIT("DB_PASSWORD=tensorflow"),
        TFD_STR_INIT("OTHER_TOKEN=tok-5up3r-longer"),
        TFD_STR_INIT("PATH=/usr/bin"),
        TFD_STR_INIT("A_TOKEN=short"),
    };
    static const mask_case cases[] = {
        {__LINE__, "token is tok-5up3r", "token is ***"},
        {__LINE__, "tok-5up3r-longer tok-5up3r", "*** ***"},
        {__LINE__, "pw-D-5566 /usr/bin", "*** /usr/bin"},
        {__LINE__, "import tensorflow is short", NULL},
    };
    tfd_arena arena;
    tfd_secrets secrets;

    (void)state;
    tfd_arena_init(&arena, 0);
    assert_true(tfd_secrets_read(environment, sizeof environment / sizeof environment[0], &arena, &secrets));
    assert_int_equal(3, secrets.count);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        tfd_buf buf;

        tfd_buf_init(&buf, 65536);
        tfd_mask_add(&buf, tfd_str_of(cases[i].input), TFD_MASK_URLS, &secrets);
        if (!tfd_str_is(tfd_buf_get(&buf), cases[i].expected ? cases[i].expected : cases[i].input))
            fail_msg("line %d: '%s'", cases[i].line, buf.ptr);
        tfd_buf_done(&buf);
    }
    tfd_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_secrets),
        cmocka_unit_test(test_look_alikes),
        cmocka_unit_test(test_commands),
        cmocka_unit_test(test_environment),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

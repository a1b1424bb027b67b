/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "config/sha256.h"
#include "sim/must.h"

static void expect(const void *data, size_t len, const char *want)
{
    char hex[SHA256_HEX_SIZE];

    sha256_hex(data, len, hex);
    ck_assert_str_eq(hex, want);
}

START_TEST(digests_are_those_of_fips_180)
{
    const char *two = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnop"
                      "nopq";
    expect("", 0,
           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect("abc", 3,
           "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(two, strlen(two),
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}
END_TEST

START_TEST(a_million_bytes_have_the_published_digest)
{
    char *a = must_alloc(1000000);

    memset(a, 'a', 1000000);
    expect(a, 1000000,
           "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(a);
}
END_TEST

Suite *suite_sha256(void);

Suite *suite_sha256(void)
{
    Suite *s = suite_create("sha256");
    TCase *tc = tcase_create("vectors");

    tcase_add_test(tc, digests_are_those_of_fips_180);
    tcase_add_test(tc, a_million_bytes_have_the_published_digest);
    suite_add_tcase(s, tc);
    return s;
}

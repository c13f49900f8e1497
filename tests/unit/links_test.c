/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "sip/links.h"

#define UUID "ab30317f1a784dc48ff824d0d3715d86"
#define UUID2 "47755a9de7794ba387653f2099600ef2"
#define NULL_UUID "00000000000000000000000000000000"

static const struct {
	const char *name, *header, *lines, *want;
} headers[] = {
	{ "Call-ID only", "Replaces", "Replaces: a1@h\r\n", "a1@h" },
	{ "parameters", "Replaces", "Replaces: a1@h;to-tag=x;from-tag=y;early-only\r\n", "a1@h" },
	{ "blanks around the semicolon", "replaces", "REPLACES :\t a1@h ; to-tag=x\r\n", "a1@h" },
	{ "folded", "Replaces", "Replaces:\r\n a1@h\r\n ;to-tag=x\r\n", "a1@h" },
	{ "bare line feeds", "Replaces", "Replaces: a1@h;to-tag=x\n", "a1@h" },
	{ "several headers", "Replaces", "Replaces: a1\r\nX: y\r\nReplaces: b2;x=1\r\n", "a1|b2" },
	{ "the same twice", "Replaces", "Replaces: a1;to-tag=1\r\nReplaces: a1;to-tag=2\r\n", "a1" },
	{ "empty", "Replaces", "Replaces:\r\nReplaces: ;to-tag=x\r\n", "" },
	{ "Call-IDs have quotes and angles", "Replaces", "Replaces: \"<a\";to-tag=x\r\n", "\"<a\"" },
	{ "not there", "Replaces", "X-Replaces: a\r\nReplacesx: b\r\n", "" },
	{ "in the body", "Replaces", "X: y\r\n\r\nReplaces: a1\r\n", "" },
	{ "its line is cut", "Replaces", "Replaces: a1\r\nReplaces: b2;to-t", "a1" },
	{ "no line of it is whole", "X-CID", "X-CID: 123", "" },
	{ "a fold of it is cut", "X-CID", "X-CID: 1\r\n 23", "" },
	{ "another's fold looks like it", "X-CID", "Subject: x\r\n X-CID: 7\r\nX-CID: 8\r\n", "8" },
	{ "line without a colon", "X-CID", "X-CID\r\nX-CID: 8\r\n", "8" },
	{ "Target-Dialog", "Target-Dialog", "Target-Dialog: fa77as7dad8-sd98ajzz@host.example.com\r\n   ;local-tag=kkaz-;remote-tag=6544\r\n",
	    "fa77as7dad8-sd98ajzz@host.example.com" },
	{ "In-Reply-To, one", "In-Reply-To", "In-Reply-To: 70710@saturn.bell-tel.com\r\n", "70710@saturn.bell-tel.com" },
	{ "In-Reply-To, list", "in-reply-to", "In-Reply-To: 70710@a, 17320@b\r\n ,c,,\td \r\nIn-Reply-To: e,c\r\n", "70710@a|17320@b|c|d|e" },
	{ "In-Reply-To, too many", "In-Reply-To", "In-Reply-To: 1,2,3,4,5,6\r\nIn-Reply-To: 7,8,9,10\r\n", "1|2|3|4|5|6|7|8" },
	{ "icid", "P-Charging-Vector", "P-Charging-Vector: icid-value=1234bc9876e;icid-generated-at=192.0.6.8;orig-ioi=home1.net\r\n", "1234bc9876e" },
	{ "icid, quoted", "P-Charging-Vector", "P-Charging-Vector: icid-value=\"AyretyU0dm;6O2I\"; orig-ioi=h\r\n", "AyretyU0dm;6O2I" },
	{ "icid, not first", "P-Charging-Vector", "P-Charging-Vector: orig-ioi=\"a;icid-value=no\" ;\r\n ICID-Value = yes\r\n", "yes" },
	{ "icid, empty", "P-Charging-Vector", "P-Charging-Vector: icid-value=;orig-ioi=h\r\nP-Charging-Vector: icid-value=\"\"\r\n", "" },
	{ "icid, without", "P-Charging-Vector", "P-Charging-Vector: orig-ioi=h\r\nP-Charging-Vector: icid-values=x\r\nP-Charging-Vector:\r\n", "" },
	{ "Session-ID", "Session-ID", "Session-ID: " UUID ";remote=" UUID2 "\r\n", UUID "|" UUID2 },
	{ "Session-ID, first request", "session-id", "Session-ID: " UUID ";remote=" NULL_UUID "\r\n", UUID },
	{ "Session-ID, pre-standard", "Session-ID", "Session-ID: " UUID "\r\n", UUID },
	{ "Session-ID, both null", "Session-ID", "Session-ID:" NULL_UUID " ; remote = " NULL_UUID "\r\n", "" },
	{ "Session-ID, only the remote one", "Session-ID", "Session-ID: " NULL_UUID ";remote=\"" UUID2 "\"\r\n", UUID2 },
	{ "Session-ID, upper case", "Session-ID", "Session-ID: AB30317F1A784DC48FF824D0D3715D86;x=1;REMOTE=" UUID2 ";logme\r\n",
	    "AB30317F1A784DC48FF824D0D3715D86|" UUID2 },
	{ "Session-ID, dashes", "Session-ID", "Session-ID: ab30317f-1a78-4dc4-8ff8-24d0d3715d86;remote=00000000-0000-0000-0000-000000000000\r\n",
	    "ab30317f-1a78-4dc4-8ff8-24d0d3715d86" },
	{ "Session-ID, no UUIDs", "Session-ID", "Session-ID: none;remote=" UUID "0\r\nSession-ID: ab30317f-1a784-dc4-8ff8-24d0d3715d86\r\n"
	    "Session-ID: gb30317f1a784dc48ff824d0d3715d86;remote\r\n", "" },
	{ "whole value", "X-CID", "x-cid:  abc;def,g \r\n", "abc;def,g" },
	{ "whole value, quoted", "X-CID", "X-CID: \" a b\"\r\nX-CID: \"\"\r\nX-CID: \"\r\n", "a b|\"" },
	{ "compact in the message", "Refer-To", "r: <sip:a@b>\r\n", "<sip:a@b>" },
	{ "compact asked for", "R", "Refer-To: <sip:a@b>\r\nr : <sip:c@d>\r\n", "<sip:a@b>|<sip:c@d>" },
	{ "compact form of another letter", "Subject", "subject: x\r\nS: y\r\ns: z\r\n", "x|y|z" },
	{ "the Call-ID is a value like others", "Call-ID", "i: q1\r\n", "q1" },
};

static void
header_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		char msg[1024], have[1024] = "";
		struct slice v[LINKS_HEADER_VALUES];
		struct guarded g;
		size_t n, at = 0;

		snprintf(msg, sizeof(msg), "\r\nINVITE sip:b@h SIP/2.0\r\n%s", headers[i].lines);
		g = guarded(slice_str(msg));
		n = links_header(g.s, slice_str(headers[i].header), v);
		for (size_t j = 0; j < n; j++)
			at += (size_t)snprintf(have + at, sizeof(have) - at, "%s%.*s", j > 0 ? "|" : "", SLICE_ARG(v[j]));
		if (strcmp(have, headers[i].want) != 0)
			fail_msg("%s: have \"%s\", want \"%s\"", headers[i].name, have, headers[i].want);
		guarded_free(&g);
	}
}

/* Whatever is cut off a message, no value is that was not there before, and none is half of one. */
static void
header_values_of_prefixes(void **state)
{
	static const char msg[] = "INVITE sip:b@h SIP/2.0\r\nIn-Reply-To: aa,bb\r\nVia: x\r\nIn-Reply-To: cc\r\n dd, ee\r\n\r\nbody";
	static const char *const whole[] = { "aa", "bb", "cc", "cc\r\n dd", "ee" };

	(void)state;
	for (size_t cut = 0; cut < sizeof(msg); cut++) {
		struct guarded g = guarded(slice_of(msg, cut));
		struct slice v[LINKS_HEADER_VALUES];
		size_t n = links_header(g.s, SLICE_LIT("In-Reply-To"), v);

		for (size_t i = 0; i < n; i++) {
			bool found = false;

			for (size_t j = 0; j < sizeof(whole) / sizeof(whole[0]); j++)
				found |= slice_eq(v[i], slice_str(whole[j]));
			assert_true(found);
		}
		guarded_free(&g);
	}
}

static struct links *
open_links(uint32_t max_sets, uint32_t max_values)
{
	return links_new(&(struct links_conf){ .seed = 42, .max_sets = max_sets, .max_values = max_values });
}

static uint32_t
enter(struct links *l, const char *text)
{
	struct links_value v = links_value(l, slice_str(text));

	return links_enter(l, &v);
}

static bool
add(struct links *l, uint32_t number, const char *text)
{
	struct links_value v = links_value(l, slice_str(text));

	return links_add(l, number, &v);
}

static void
values_are_keyed_and_normal(void **state)
{
	static const struct { const char *a, *b; bool same; } pairs[] = {
		{ UUID, "AB30317F1A784DC48FF824D0D3715D86", true },
		{ UUID, "ab30317f-1A78-4dc4-8ff8-24d0d3715d86", true },
		{ UUID, UUID2, false },
		{ "Abc", "abc", false },
		{ "xb30317f1a784dc48ff824d0d3715d86", "XB30317F1A784DC48FF824D0D3715D86", false },
		{ "a \r\n\t b", "a b", true },
		{ "a\n b", "a b", true },
		{ "a b", "ab", false },
	};
	struct links *l = open_links(8, 8), *other = links_new(&(struct links_conf){ .seed = 43 });

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct guarded a = guarded(slice_str(pairs[i].a)), b = guarded(slice_str(pairs[i].b));
		struct links_value x = links_value(l, a.s), y = links_value(l, b.s), z = links_value(other, a.s);

		assert_int_equal(x.key[0] == y.key[0], pairs[i].same);
		assert_int_equal(x.key[1] == y.key[1], pairs[i].same);
		assert_true(x.key[0] != z.key[0] && x.key[1] != z.key[1] && x.key[0] != x.key[1]);
		guarded_free(&a);
		guarded_free(&b);
	}
	links_free(l);
	links_free(other);
}

/* B2BUA: each leg has a Call-ID of its own, headers name others' or a value of their own. */
static void
legs_join(void **state)
{
	struct links *l = open_links(8, 8);
	uint32_t a = enter(l, "a"), b = enter(l, "b"), c = enter(l, "c"), d = enter(l, "d");

	(void)state;
	assert_true(a != 0 && b != 0 && a != b);
	*links_mark(l, a) = l;
	assert_null(*links_mark(l, b));
	assert_true(add(l, b, "a"));		/* X-Call-ID */
	assert_false(add(l, b, "a"));
	assert_false(add(l, c, "session"));
	assert_false(add(l, d, "x"));
	assert_true(add(l, a, "session"));
	assert_int_equal(links_find(l, a), links_find(l, c));
	assert_int_equal(links_find(l, b), links_find(l, c));
	assert_int_not_equal(links_find(l, d), links_find(l, c));
	assert_int_equal(links_size(l, b), 3);
	links_leave(l, a);
	assert_int_equal(links_size(l, b), 2);
	b = enter(l, "a");			/* the group goes on, so does what its sets had */
	assert_int_equal(links_find(l, b), links_find(l, c));
	assert_int_equal(links_stats(l).groups, 2);
	assert_int_equal(links_stats(l).joins, 3);
	links_free(l);
}

static void
an_ended_group_is_forgotten(void **state)
{
	struct links *l = open_links(8, 8);
	uint32_t a = enter(l, "a"), b = enter(l, "b");

	(void)state;
	assert_true(add(l, a, "b"));
	*links_mark(l, a) = l;
	links_leave(l, a);
	assert_ptr_equal(*links_mark(l, b), l);
	links_leave(l, b);
	assert_int_equal(links_stats(l).groups, 0);
	b = enter(l, "b");
	assert_null(*links_mark(l, b));
	assert_int_equal(links_size(l, b), 1);
	a = enter(l, "a");
	assert_int_not_equal(links_find(l, a), links_find(l, b));
	links_free(l);
}

static void
bounds_hold(void **state)
{
	struct links *l = open_links(3, 2);
	uint32_t a = enter(l, "a"), b = enter(l, "a"), c = enter(l, "c"), d = enter(l, "d"), e;

	(void)state;
	assert_true(add(l, c, "d"));
	assert_false(add(l, a, "c"));		/* two and two */
	assert_int_equal(links_stats(l).refused, 1);
	assert_false(add(l, c, "x"));
	assert_false(add(l, c, "y"));		/* its third value */
	assert_int_equal(links_stats(l).refused, 2);
	assert_true(enter(l, "x") != 0);
	assert_int_equal(links_size(l, c), 3);
	e = enter(l, "c");			/* full: alone, and its Call-ID is the others' still */
	assert_int_equal(links_size(l, e), 1);
	assert_int_equal(links_stats(l).refused, 3);
	links_leave(l, d);			/* who left counts */
	assert_false(add(l, e, "d"));
	assert_int_equal(links_size(l, c), 2);
	assert_true(add(l, e, "a"));		/* but it can join another */
	assert_int_equal(links_size(l, b), 3);
	links_free(l);
}

/* A value that every set has, sets without end: full groups end and new ones begin, and memory does not grow. */
static void
a_value_of_all(void **state)
{
	struct links *l = open_links(16, 4);
	uint32_t held[8] = { 0 };
	uint64_t high = 0;
	char id[16];

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(id, sizeof(id), "c%u", i);
		if (held[i % 8] != 0)
			links_leave(l, held[i % 8]);
		held[i % 8] = enter(l, id);
		(void)add(l, held[i % 8], "constant");
		assert_true(links_size(l, held[i % 8]) <= 16);
		if (i == 1000)
			high = links_stats(l).bytes;
	}
	assert_true(links_stats(l).joins > 10000);
	assert_true(links_stats(l).bytes <= high + 4096);
	links_free(l);
}

/* The end of a large group is spread over calls; all of it is freed in the end. */
static void
large_groups_end_in_steps(void **state)
{
	struct links *l = open_links(UINT32_MAX, 4);
	uint64_t empty = links_stats(l).bytes, before;
	unsigned n = 20000, calls = 0;
	uint32_t *held = calloc(n, sizeof(*held)), x;
	char id[16];

	(void)state;
	for (unsigned i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "c%u", i);
		held[i] = enter(l, id);
		snprintf(id, sizeof(id), "c%u", i ^ (i & -i));	/* a tree of joins */
		(void)add(l, held[i], id);
	}
	assert_int_equal(links_size(l, held[n - 1]), n);
	assert_int_equal(links_stats(l).groups, 1);
	for (unsigned i = 0; i < n; i++)
		links_leave(l, held[i % 2 == 0 ? i : n - i - (n % 2 == 0 ? 0 : 1)]);
	assert_int_equal(links_stats(l).groups, 0);
	before = links_stats(l).bytes;
	while (links_stats(l).bytes > empty + 40000 * 4 + 100 && calls++ < n) {	/* the table stays */
		x = enter(l, "c5");
		assert_int_equal(links_size(l, x), 1);
		links_leave(l, x);
		assert_true(before - links_stats(l).bytes <= 16 * 48);
		before = links_stats(l).bytes;
	}
	assert_true(calls > 1000 && calls < n);
	free(held);
	links_free(l);
}

/* Slow and simple: a group is a number that its sets and values have. */
#define SETS 48
#define VALUES 40

static struct {
	struct links *l;
	uint32_t max_sets, max_values, random;
	uint32_t number[SETS];		/* 0: not entered */
	unsigned group[SETS], brought[SETS];
	unsigned value[VALUES];		/* whose it is, 0 = nobody's */
	unsigned sets[200000];		/* of a group, those that left too */
	unsigned groups;		/* so far */
	uint64_t joins, refused;
	unsigned kept, gone;		/* what the callback was told */
} model;

static unsigned
dice(unsigned n)
{
	model.random = model.random * 1664525 + 1013904223;
	return (model.random >> 8) % n;
}

static void
note_join(void *arg, uint32_t kept, uint32_t gone)
{
	(void)arg;
	assert_int_equal(links_find(model.l, kept), kept);
	assert_int_equal(links_find(model.l, gone), gone);
	model.kept = (unsigned)(uintptr_t)*links_mark(model.l, kept);
	model.gone = (unsigned)(uintptr_t)*links_mark(model.l, gone);
}

static struct links_value
number_value(unsigned v)
{
	return (struct links_value){ { v % 5, v } };	/* buckets and first halves shared */
}

static void
model_enter(unsigned s, unsigned v)
{
	struct links_value key = number_value(v);
	unsigned g = model.value[v];

	model.number[s] = links_enter(model.l, &key);
	model.brought[s] = 0;
	if (g != 0 && model.sets[g] < model.max_sets) {
		model.sets[g]++;
		model.joins++;
		model.group[s] = g;
		return;
	}
	model.group[s] = ++model.groups;
	model.sets[model.groups] = 1;
	assert_null(*links_mark(model.l, model.number[s]));
	*links_mark(model.l, model.number[s]) = (void *)(uintptr_t)model.groups;
	if (g == 0) {
		model.value[v] = model.groups;
		model.brought[s] = 1;
	} else {
		model.refused++;
	}
}

static void
model_merge(unsigned a, unsigned b)
{
	for (unsigned i = 0; i < SETS; i++)
		if (model.group[i] == b)
			model.group[i] = a;
	for (unsigned i = 0; i < VALUES; i++)
		if (model.value[i] == b)
			model.value[i] = a;
	model.sets[a] += model.sets[b];
	model.joins++;
}

static void
model_add(unsigned s, unsigned v)
{
	struct links_value key = number_value(v);
	unsigned g = model.group[s], other = model.value[v];
	bool joined = links_add(model.l, model.number[s], &key);

	if (other == 0 && model.brought[s] < model.max_values) {
		model.value[v] = g;
		model.brought[s]++;
	} else if (other == 0 || (other != g && model.sets[g] + model.sets[other] > model.max_sets)) {
		model.refused++;
	} else if (other != g) {
		assert_true(joined);
		assert_true((model.kept == g && model.gone == other) || (model.kept == other && model.gone == g));
		model_merge(model.kept, model.gone);
		return;
	}
	assert_false(joined);
}

static void
model_leave(unsigned s)
{
	unsigned g = model.group[s], live = 0;

	links_leave(model.l, model.number[s]);
	model.number[s] = model.group[s] = 0;
	for (unsigned i = 0; i < SETS; i++)
		live += model.group[i] == g;
	for (unsigned i = 0; i < VALUES && live == 0; i++)
		if (model.value[i] == g)
			model.value[i] = 0;
}

static void
model_check(void)
{
	unsigned groups = 0;

	for (unsigned i = 0; i < SETS; i++) {
		unsigned size = 0;
		bool first = true;

		if (model.number[i] == 0)
			continue;
		for (unsigned j = 0; j < SETS; j++) {
			if (model.number[j] == 0)
				continue;
			size += model.group[i] == model.group[j];
			first &= j >= i || model.group[i] != model.group[j];
			assert_int_equal(links_find(model.l, model.number[i]) == links_find(model.l, model.number[j]), model.group[i] == model.group[j]);
			assert_true(i == j || model.number[i] != model.number[j]);
		}
		groups += first;
		assert_int_equal(links_size(model.l, model.number[i]), size);
		assert_int_equal((uintptr_t)*links_mark(model.l, model.number[i]), model.group[i]);
	}
	assert_int_equal(links_stats(model.l).groups, groups);
	assert_int_equal(links_stats(model.l).joins, model.joins);
	assert_int_equal(links_stats(model.l).refused, model.refused);
}

static void
random_against_the_model(void **state)
{
	static const uint32_t bounds[][2] = { { 2, 2 }, { 3, 4 }, { 8, 3 }, { 20, 100 }, { 1000000, 1000000 } };

	(void)state;
	for (uint32_t round = 0; round < 40; round++) {
		memset(&model, 0, sizeof(model));
		model.random = round;
		model.max_sets = bounds[round % 5][0];
		model.max_values = bounds[round % 5][1];
		model.l = links_new(&(struct links_conf){ .max_sets = model.max_sets, .max_values = model.max_values, .joined = note_join });
		for (unsigned i = 0; i < 2500; i++) {
			unsigned s = dice(SETS);

			if (model.number[s] == 0)
				model_enter(s, dice(VALUES));
			else if (dice(3) > 0)
				model_add(s, dice(VALUES));
			else
				model_leave(s);
			if (i % 8 == 0)
				model_check();
		}
		for (unsigned s = 0; s < SETS; s++)
			if (model.number[s] != 0)
				model_leave(s);
		model_check();
		links_free(model.l);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(header_values),
		cmocka_unit_test(header_values_of_prefixes),
		cmocka_unit_test(values_are_keyed_and_normal),
		cmocka_unit_test(legs_join),
		cmocka_unit_test(an_ended_group_is_forgotten),
		cmocka_unit_test(bounds_hold),
		cmocka_unit_test(a_value_of_all),
		cmocka_unit_test(large_groups_end_in_steps),
		cmocka_unit_test(random_against_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

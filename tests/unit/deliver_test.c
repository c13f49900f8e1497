/* SPDX-License-Identifier: MIT */
#include "test.h"

#include "cli/deliver.h"
#include "net/sock.h"

enum { RECEIVED, HANDED, NOT_OURS, UNSENDABLE, BAD_DEST, OFFERED, RESUMED, SENT };

struct sink {
	int fd;
	char text[32];		/* "udp:127.0.0.1:PORT" */
};

static struct sink
sink(void)
{
	struct addr a = { { 127, 0, 0, 1 }, 0, FAMILY_IP4 };
	struct sockaddr_storage sa;
	socklen_t n = sock_addr_to(&a, &sa);
	struct sink s = { .fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0) };

	assert_int_equal(bind(s.fd, (struct sockaddr *)&sa, n), 0);
	assert_int_equal(getsockname(s.fd, (struct sockaddr *)&sa, &n), 0);
	sock_addr_from((struct sockaddr *)&sa, &a);
	snprintf(s.text, sizeof(s.text), "udp:127.0.0.1:%u", a.port);
	return s;
}

/* What has arrived: the datagrams one after the other. */
static const char *
arrived(const struct sink *s)
{
	static char all[1024];
	size_t n = 0;
	ssize_t got;

	while ((got = recv(s->fd, all + n, sizeof(all) - n - 1, 0)) >= 0)
		n += (size_t)got;
	all[n] = '\0';
	return all;
}

static enum deliver_verdict
payload_only(void *arg, const struct record *r, const struct deliver_ends *ends, struct buf *scratch, struct datagram *d, struct err *e)
{
	(void)arg, (void)ends, (void)scratch, (void)e;
	d->part[0] = r->payload;
	return r->kind == KIND_SIP ? DELIVER_SEND : DELIVER_NOT_OURS;
}

static const struct deliver_conf conf = { .scheme = "hep:", .encode = payload_only };

static uint64_t
counted(int i)
{
	return deliver_counters[i].value;
}

static struct deliver_opts defaults;	/* the defaults */

static int
setup(void **state)
{
	(void)state;
	deliver_opts = defaults;
	for (size_t i = 0; i < deliver_counters_n; i++)
		deliver_counters[i].value = 0;
	return 0;
}

static void
put(struct deliver *d, const char *payload, const struct buf *attrs)
{
	struct record r = { .kind = KIND_SIP, .payload = slice_str(payload), .attrs = buf_slice(attrs) };

	deliver_put(d, &r);
}

static void
dest(struct buf *attrs, const char *prefix, const char *text)
{
	char whole[80];

	snprintf(whole, sizeof(whole), "%s%s", prefix, text);
	assert_int_equal(attr_put(attrs, ATTR_DEST, slice_str(whole)), RC_OK);
}

static void
a_records_own_destination_wins(void **state)
{
	struct sink usual = sink(), own = sink(), other = sink();
	struct buf none = { 0 }, one = { 0 }, two = { 0 }, foreign = { 0 };
	char *operands[] = { usual.text };
	struct deliver *d = deliver_new(&conf, operands, 1);

	(void)state;
	dest(&one, "hep:", own.text);
	dest(&one, "hep:", own.text);	/* named twice, sent once */
	dest(&two, "HEP:", own.text);
	dest(&two, "hep:", usual.text);
	dest(&foreign, "sip:", other.text);
	put(d, "a", &none);
	put(d, "b", &one);
	put(d, "c", &two);
	put(d, "d", &foreign);
	deliver_flush(d);
	assert_string_equal(arrived(&usual), "acd");
	assert_string_equal(arrived(&own), "bc");
	assert_string_equal(arrived(&other), "");
	assert_int_equal(counted(RECEIVED), 4);
	assert_int_equal(counted(HANDED), 4);
	assert_int_equal(counted(SENT), 5);
	deliver_free(d);
	buf_reset(&one);
	buf_reset(&two);
	buf_reset(&foreign);
	close(usual.fd);
	close(own.fd);
	close(other.fd);
}

static void
addressed_sends_nothing_else(void **state)
{
	struct sink own = sink();
	struct buf none = { 0 }, one = { 0 };
	struct deliver *d;

	(void)state;
	deliver_opts.addressed = true;
	d = deliver_new(&conf, NULL, 0);
	dest(&one, "hep:", own.text);
	put(d, "a", &none);
	put(d, "b", &one);
	deliver_flush(d);
	assert_string_equal(arrived(&own), "b");
	assert_int_equal(counted(NOT_OURS), 1);
	assert_int_equal(counted(HANDED), 1);
	deliver_free(d);
	buf_reset(&one);
	close(own.fd);
}

/* Whatever stands in the records: nothing grows without bound, everything is counted. */
static void
unusable_destinations_are_counted(void **state)
{
	struct buf attrs = { 0 };
	struct deliver *d;
	uint64_t lost = 0;

	(void)state;
	deliver_opts.addressed = true;
	d = deliver_new(&conf, NULL, 0);
	for (int i = 0; i < 300; i++) {
		char text[32];

		snprintf(text, sizeof(text), "sctp:127.0.0.1:%d", 1 + i);
		buf_clear(&attrs);
		dest(&attrs, "hep:", text);
		put(d, "x", &attrs);
		put(d, "x", &attrs);
	}
	deliver_flush(d);
	assert_int_equal(counted(BAD_DEST), 600);
	for (int i = SENT + 1; i < (int)deliver_counters_n; i++)
		lost += counted(i);
	assert_int_equal(counted(OFFERED), 600);
	assert_int_equal(counted(OFFERED), counted(SENT) + lost);
	deliver_free(d);
	buf_reset(&attrs);
}

static void
messages_balance(void **state)
{
	struct sink usual = sink();
	char *operands[] = { usual.text };
	struct deliver *d = deliver_new(&conf, operands, 1);
	struct record r = { .kind = KIND_LOG, .payload = SLICE_LIT("log") };
	struct buf none = { 0 };

	(void)state;
	for (int i = 0; i < 200; i++) {
		put(d, "x", &none);
		deliver_put(d, &r);
	}
	deliver_flush(d);
	assert_int_equal(strlen(arrived(&usual)), 200);
	assert_int_equal(counted(RECEIVED), 400);
	assert_int_equal(counted(RECEIVED), counted(HANDED) + counted(NOT_OURS) + counted(UNSENDABLE) + counted(BAD_DEST));
	deliver_free(d);
	close(usual.fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_records_own_destination_wins, setup),
		cmocka_unit_test_setup(addressed_sends_nothing_else, setup),
		cmocka_unit_test_setup(unusable_destinations_are_counted, setup),
		cmocka_unit_test_setup(messages_balance, setup),
	};

	defaults = deliver_opts;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

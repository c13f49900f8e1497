/* SPDX-License-Identifier: MIT */
#ifndef CLI_DELIVER_IMPL_H
#define CLI_DELIVER_IMPL_H
/* deliver_impl - what the files of deliver share: deliver.c (records), _open.c (options to outlets), _loop.c (waiting), _run.c (the stage's records,
 * at their pace), _say.c (counts, words). */
#include "base/pace.h"
#include "cli/deliver.h"
#include "outbox/balance.h"
#include "outbox/outlet.h"

#define DELIVER_TARGETS 128	/* outlets, those that records name included */
#define DELIVER_ROUTES 16	/* outlets of one record */
#define DELIVER_STEP_NS UINT64_C(2000000)	/* under load every outlet is looked after so often */

enum {
	DC_IN, DC_HANDED, DC_NOT_OURS, DC_UNSENDABLE, DC_NO_DEST,
	DC_OFFERED, DC_RESUMED, DC_SENT,
	DC_LOST,	/* DC_LOST + enum outlet_loss */
	DC_HELD = DC_LOST + OUTLET_LOSSES,
	DC_AGAIN, DC_BROKEN, DC_MOVED, DC_N
};

/* An outlet, and the packets that are about to go to it. */
struct target {
	struct deliver *deliver;
	char *text;		/* as it was written; with failover all, blank between them */
	size_t text_n;		/* a record's may hold a NUL */
	char *name[OUTLET_CONNS];	/* each one's text */
	size_t names;
	struct outlet *outlet;	/* NULL: it cannot be used, and that was said */
	bool udp;		/* so are all of its destinations */
	bool spooled;
	uint64_t waited_from;	/* when it last ceased to be up */
	uint64_t ends_until;	/* its log lines wait for its addresses until then; 0: none did so far */
	struct outlet_counts said;	/* what the ledger and the user know of */
	bool down_said[OUTLET_CONNS];
	bool disk_said;
	unsigned outages;	/* announced so far */
	struct datagram pending[DELIVER_BATCH];
	size_t pending_n;
};

struct deliver {
	struct deliver_conf conf;
	struct stage *stage;	/* NULL: none */
	struct target *target[DELIVER_TARGETS];
	size_t n;
	size_t defaults;	/* the first ones: for records that name none */
	struct balance *balance;	/* NULL: each of the defaults gets all */
	struct addr from;
	struct buf scratch[DELIVER_BATCH];
	size_t batched;		/* records since the last flush */
	bool wait;		/* a full queue blocks */
	bool tee;
	struct pace pace;
	bool paced;		/* records wait for it */
	bool unpaced_said;
	uint64_t stepped_ns;
	struct pollfd *fds;
	size_t fds_cap;
};

uint64_t deliver_now_ns(void);
/* _open.c: the target for such a text (one destination, or with failover several with blanks between); NULL outlet if it is wrong. */
struct target *deliver_target(struct deliver *, struct slice text, struct err *);
void deliver_event(void *target, enum outlet_event, size_t which, const struct err *why);
/* _loop.c: steps every outlet if it is time. */
void deliver_look_after(struct deliver *, uint64_t now_ns);
/* _say.c: brings the ledger up to date and says what is new. */
void deliver_settle(struct target *);
void deliver_summary(const struct target *);
#endif

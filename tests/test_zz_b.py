import time
from collections import Counter
from tests.promise.machine import Promise
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from tests.journeys.test_promise import COMMON
from accounts.models import Event
from policies.models import Plan, Target, Delivery
from tests.promise import dying
tot=Counter()
orig=Promise._converges
def conv(self):
    t=time.time()
    orig(self)
    tot["conv_s"]+=time.time()-t
    for e in Event.objects.all():
        if e.what.startswith(("target","grant")): tot[e.what]+=1
    for p in Plan.objects.all(): tot["plan "+p.outcome]+=1
    for d in Delivery.objects.all(): tot["delivery "+d.state+d.release]+=1
Promise._converges=conv
o2=dying.pass_that_dies
def ptd(*a):
    r=o2(*a); tot[f"died {r}"]+=1; return r
dying.pass_that_dies=ptd
def test_p(world):
    Promise.fake=world.fake
    t=time.time()
    try:
        run_state_machine_as_test(Promise, settings=settings(**COMMON, max_examples=40, stateful_step_count=30))
    finally:
        print("STAT", time.time()-t, Promise.examples, Promise.steps, dict(tot))

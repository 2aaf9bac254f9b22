package org.simreg.worker.exchange.ahead;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Who computes which features ahead: properties over random plans. */
class HelpPlanTest {
    private static final int STEPS = 64;

    private static HelpPlan random(SplittableRandom random) {
        List<HelpPlan.Share> shares = new ArrayList<>();
        int next = 0;
        int each = 1 + random.nextInt(3);
        for (int members = 1 + random.nextInt(4); members > 0; members--) {
            shares.add(new HelpPlan.Share(next, each));
            next += each;
        }
        return new HelpPlan(shares, 1 + random.nextInt(3), 1 + random.nextInt(5), 1 + random.nextInt(HelpPlan.WHOLE));
    }

    private static List<HelpPlan.Item> all(HelpPlan plan, long step) {
        List<HelpPlan.Item> items = new ArrayList<>();
        for (int member = 0; member < plan.shares().size(); member++) {
            HelpPlan.Share share = plan.shares().get(member);
            for (int part = share.first(); part < share.first() + share.count(); part++) {
                for (int teacher = 0; teacher < plan.teachers(); teacher++) {
                    items.add(new HelpPlan.Item(member, step, part, teacher));
                }
            }
        }
        return items;
    }

    @Test
    void everyFeatureIsOneHelpersOrItsMembersOwn() {
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 200; i++) {
            HelpPlan plan = random(random);
            for (long step = 0; step < STEPS; step++) {
                Set<HelpPlan.Item> helped = new HashSet<>();
                for (int helper = 0; helper < plan.helpers(); helper++) {
                    for (HelpPlan.Item item : plan.of(step, helper)) {
                        assertTrue(helped.add(item), "two helpers compute " + item);
                        assertEquals(helper, plan.helper(item));
                    }
                }
                for (HelpPlan.Item item : all(plan, step)) {
                    assertEquals(helped.contains(item), plan.helper(item) >= 0, item.toString());
                }
            }
        }
    }

    @Test
    void inEachStepAllMembersHaveAsMuchHelp() {
        SplittableRandom random = new SplittableRandom(2);
        for (int i = 0; i < 200; i++) {
            HelpPlan plan = random(random);
            for (long step = 0; step < STEPS; step++) {
                long[] helped = new long[plan.shares().size()];
                all(plan, step).stream()
                        .filter(item -> plan.helper(item) >= 0)
                        .forEach(item -> helped[item.member()]++);
                assertEquals(1, Arrays.stream(helped).distinct().count(), plan + " " + Arrays.toString(helped));
            }
        }
    }

    @Test
    void theHelpersTakeTheirPartInEqualShares() {
        SplittableRandom random = new SplittableRandom(3);
        for (int i = 0; i < 200; i++) {
            HelpPlan plan = random(random);
            long[] loads = new long[plan.helpers()];
            long features = 0;
            for (long step = 0; step < STEPS; step++) {
                features += all(plan, step).size();
                for (int helper = 0; helper < plan.helpers(); helper++) {
                    loads[helper] += plan.of(step, helper).size();
                }
            }
            long taken = Arrays.stream(loads).sum();
            int members = plan.shares().size();
            assertEquals((double) features * plan.part() / HelpPlan.WHOLE, taken, members, plan.toString());
            long spread = Arrays.stream(loads).max().getAsLong()
                    - Arrays.stream(loads).min().getAsLong();
            assertTrue(spread <= 1, plan + " " + Arrays.toString(loads));
        }
    }

    /** Four micro-batches on two members. */
    private static HelpPlan plan(int teachers, int part, List<List<Integer>> held) {
        return new HelpPlan(List.of(new HelpPlan.Share(0, 2), new HelpPlan.Share(2, 2)), teachers, part, held);
    }

    private static long[] loads(HelpPlan plan, int steps) {
        long[] loads = new long[plan.helpers()];
        for (long step = 0; step < steps; step++) {
            for (int helper = 0; helper < plan.helpers(); helper++) {
                loads[helper] += plan.of(step, helper).size();
            }
        }
        return loads;
    }

    @Test
    void whoNamesAllTeachersIsAsWhoNamesNone() {
        SplittableRandom random = new SplittableRandom(4);
        for (int i = 0; i < 50; i++) {
            HelpPlan plan = random(random);
            List<Integer> all = IntStream.range(0, plan.teachers()).boxed().toList();
            List<List<Integer>> held = IntStream.range(0, plan.helpers())
                    .mapToObj(helper -> helper % 2 == 0 ? all : List.<Integer>of())
                    .toList();
            assertEquals(plan, new HelpPlan(plan.shares(), plan.teachers(), plan.part(), held));
        }
    }

    @Test
    void helpersThatHoldSomeTeachersComputeNoOthers() {
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 200; i++) {
            HelpPlan all = random(random);
            List<List<Integer>> held = new ArrayList<>();
            for (int helper = 0; helper < all.helpers(); helper++) {
                held.add(random.nextBoolean() ? List.of() : List.of(random.nextInt(all.teachers())));
            }
            HelpPlan plan = new HelpPlan(all.shares(), all.teachers(), all.part(), held);
            for (long step = 0; step < STEPS; step++) {
                int helped = 0;
                for (int helper = 0; helper < plan.helpers(); helper++) {
                    for (HelpPlan.Item item : plan.of(step, helper)) {
                        List<Integer> own = held.get(helper);
                        assertTrue(own.isEmpty() || own.contains(item.teacher()), plan + " " + item);
                        assertEquals(helper, plan.helper(item));
                        helped++;
                    }
                }
                assertEquals(
                        helped,
                        all(plan, step).stream()
                                .filter(item -> plan.helper(item) >= 0)
                                .count());
            }
        }
    }

    @Test
    void ofATeacherThatNobodyHoldsTheMembersComputeAll() {
        HelpPlan plan = plan(3, HelpPlan.WHOLE, List.of(List.of(0), List.of(2), List.of(7)));
        for (HelpPlan.Item item : all(plan, 9)) {
            assertEquals(List.of(0, -1, 1).get(item.teacher()), plan.helper(item), item.toString());
        }
    }

    @Test
    void whoHoldsMoreTeachersHasFewerTurnsAtEach() {
        long[] loads = loads(plan(2, HelpPlan.WHOLE, List.of(List.of(), List.of(0), List.of(1))), 30);
        assertEquals(Set.of(80L), Arrays.stream(loads).boxed().collect(Collectors.toSet()));
        long[] more = loads(plan(3, HelpPlan.WHOLE, List.of(List.of(0, 1), List.of(1, 2), List.of(0, 2))), 30);
        assertEquals(Set.of(120L), Arrays.stream(more).boxed().collect(Collectors.toSet()));
    }

    @Test
    void ofSeparateTeachersTheHelpInEachStepIsEven() {
        HelpPlan plan = plan(2, HelpPlan.WHOLE / 4, List.of(List.of(0), List.of(1)));
        for (long step = 0; step < STEPS; step++) {
            long[] helped = new long[2];
            all(plan, step).stream().filter(item -> plan.helper(item) >= 0).forEach(item -> helped[item.member()]++);
            assertEquals("[1, 1]", Arrays.toString(helped), "step " + step);
        }
        assertEquals("[64, 64]", Arrays.toString(loads(plan, STEPS)));
    }

    @Test
    void withoutHelpersOrTeachersNobodyHelps() {
        HelpPlan none = new HelpPlan(List.of(new HelpPlan.Share(0, 2)), 1, 0, HelpPlan.WHOLE);
        assertEquals(-1, none.helper(new HelpPlan.Item(0, 5, 1, 0)));
        HelpPlan nothing = new HelpPlan(List.of(new HelpPlan.Share(0, 2)), 0, 2, HelpPlan.WHOLE);
        assertEquals(List.of(), nothing.of(3, 1));
    }

    @Test
    void whatWaitsAtAMemberIsBounded() {
        assertEquals(HelpPlan.MOST_STEPS, HelpPlan.window(512 << 10));
        assertEquals(4, HelpPlan.window(32L << 20));
        assertEquals(2, HelpPlan.window(1L << 40), "one ahead of the one that is needed");
    }
}

package org.simreg.coordinator.job.help;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

/** What helpers would change at a step of a member with two micro-batches, alone, and two teachers. */
class StepCostTest {
    private static final StepCost COST = new StepCost(0.3, 4, 0.5, 10);

    @Test
    void teachersThatNobodyHoldsAreTheMembersOwn() {
        StepCost half = COST.held(0.5);
        assertEquals(new StepCost(0.3, 2, 1.1, 10), half);
        // One helper makes both features of the other teacher in 0.66 s, while the member takes 1.1 s.
        assertEquals(1, half.part(2, 1));
        assertEquals(COST, COST.held(1));
    }

    @Test
    void memberAndHelperTakeAsLongForAStep() {
        StepCost slow = new StepCost(1, 4, 0.5, 10).held(0.5);
        double part = slow.part(8, 1);
        double member = 2.5 + 2 * (1 - part);
        assertEquals(member, part * 8 * StepCost.HELPERS_MORE, 1e-9);
    }
}

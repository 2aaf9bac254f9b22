package org.simreg.coordinator.schedule;

/**
 * A worker at a job, as the scheduler sees it.
 *
 * @param worker its name
 * @param address where its transport is reached
 * @param state how far it is
 * @param since milliseconds when it came to that state
 * @param wanted whether the job may keep it
 */
public record Member(String worker, String address, Stand state, long since, boolean wanted) {
    /** Whether a generation can begin with it. */
    boolean free() {
        return state instanceof Stand.Ready
                || state instanceof Stand.Holding holding && holding.halted();
    }

    /** Whether it trains, as far as is known, in this generation. */
    boolean trains(long generation) {
        return state instanceof Stand.Holding holding
                && holding.generation() == generation
                && !holding.halted();
    }

    /** Steps of its state; 0 if it holds none. */
    long committed() {
        return state instanceof Stand.Holding holding ? holding.committed() : 0;
    }
}

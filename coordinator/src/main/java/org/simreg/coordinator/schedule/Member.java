package org.simreg.coordinator.schedule;

/**
 * A worker that attends and is at the job.
 *
 * @param worker its name
 * @param address where its transport is reached
 * @param stand how far it is
 * @param since milliseconds when it came to stand there
 * @param wanted whether the job may keep it
 */
public record Member(String worker, String address, Stand stand, long since, boolean wanted) {
    /** Whether a generation can begin with it. */
    boolean free() {
        return stand instanceof Stand.Ready
                || stand instanceof Stand.Holding holding && holding.halted();
    }

    /** Whether it trains, as far as is known, in this generation. */
    boolean trains(long generation) {
        return stand instanceof Stand.Holding holding
                && holding.generation() == generation
                && !holding.halted();
    }

    /** Steps of its state; 0 if it holds none. */
    long committed() {
        return stand instanceof Stand.Holding holding ? holding.committed() : 0;
    }
}

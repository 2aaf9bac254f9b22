package org.simreg.coordinator.cli.option;

import java.util.concurrent.CountDownLatch;

/**
 * A command that runs until it is asked to stop, and then cleans up; for {@link StopSignalTest}.
 */
final class StopProbe {
    private StopProbe() {}

    public static void main(String[] args) throws InterruptedException {
        StopSignal stop = StopSignal.onSignal(System.err);
        CountDownLatch asked = new CountDownLatch(1);
        if (args[0].equals("clean")) {
            stop.whenRequested(asked::countDown);
        }
        System.out.println("running");
        asked.await();
        System.out.println("checkpoint written, requested " + stop.requested());
        stop.finished();
        System.exit(0);
    }
}

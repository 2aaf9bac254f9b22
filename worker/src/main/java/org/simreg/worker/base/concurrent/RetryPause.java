package org.simreg.worker.base.concurrent;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * The pauses between attempts at something, until another thread says that there is no more reason
 * to try. Any thread may use it.
 */
public final class RetryPause {
    private final CountDownLatch over = new CountDownLatch(1);

    /** Ends all waiting, now and later. */
    public void end() {
        over.countDown();
    }

    /**
     * Waits before the next attempt.
     *
     * @throws Abandoned if there is none
     */
    public void pause(long milliseconds) {
        try {
            if (over.await(milliseconds, TimeUnit.MILLISECONDS)) {
                throw new Abandoned("it was given up");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Abandoned("interrupted");
        }
    }
}

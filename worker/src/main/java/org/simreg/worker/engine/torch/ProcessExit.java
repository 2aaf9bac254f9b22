package org.simreg.worker.engine.torch;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of a process that computes with libtorch. The JVM ends by C's {@code exit}, which destroys libtorch's globals
 * while a thread may still be computing with them: after a failure, or a step that outlasts the patience with a signal.
 * Here the process ends at once instead, with the same code.
 */
public final class ProcessExit {
    /** The exit code of a process that ends by SIGTERM. */
    private static final int TERMINATED = 128 + 15;

    /** {@code CLOCK_MONOTONIC}, {@code SIGEV_THREAD} and the sizes of {@code sigevent} and {@code itimerspec}: 64-bit Linux. */
    private static final int MONOTONIC = 1;

    private static final int BY_THREAD = 2;
    private static final int EVENT_BYTES = 64;
    private static final int TIMES_BYTES = 32;

    private static final Logger LOG = LoggerFactory.getLogger(ProcessExit.class);
    private static final AtomicBoolean ASKED = new AtomicBoolean();

    private ProcessExit() {}

    /** Once libtorch is loaded: what is registered last runs first. Again it does nothing. */
    static void skipDestructors() {
        if (ASKED.compareAndSet(false, true)) {
            try {
                Runtime.getRuntime().addShutdownHook(NamedThreads.shutdownHook("simreg-exit", ProcessExit::register));
            } catch (IllegalStateException e) {
                register(); // the JVM is ending already
            }
        }
    }

    /** {@code on_exit} hands the code to its function, which {@code _exit} takes. Only glibc has it. */
    private static void register() {
        NativeLibrary c = NativeLibrary.getProcess();
        try {
            c.getFunction("on_exit").invokeInt(new Object[] {c.getFunction("_exit"), Pointer.NULL});
        } catch (UnsatisfiedLinkError e) {
            LOG.debug("Another C library than glibc: libtorch's globals are destroyed", e);
        }
    }

    /**
     * Ends the process by {@code _exit} with the code of SIGTERM, unless it has ended by then. A timer of the C library
     * does it: the JVM's own end waits for its hooks, for a safepoint, and up to ten seconds for its compilers.
     */
    public static void within(Duration most) {
        try {
            arm(most);
        } catch (UnsatisfiedLinkError e) {
            LOG.debug("A C library without timers: the JVM ends itself", e);
            NamedThreads.thread("simreg-exit", () -> haltAfter(most)).start();
        }
    }

    private static void arm(Duration most) {
        NativeLibrary c = timers();
        try (Memory event = new Memory(EVENT_BYTES);
                Memory timer = new Memory(Native.POINTER_SIZE);
                Memory times = new Memory(TIMES_BYTES)) {
            event.clear();
            event.setLong(0, TERMINATED); // what the function is given
            event.setInt(12, BY_THREAD);
            event.setPointer(16, NativeLibrary.getProcess().getFunction("_exit"));
            times.clear();
            times.setLong(16, most.toSeconds());
            times.setLong(24, most.toNanosPart());
            boolean armed = c.getFunction("timer_create").invokeInt(new Object[] {MONOTONIC, event, timer}) == 0
                    && c.getFunction("timer_settime").invokeInt(new Object[] {timer.getPointer(0), 0, times, null})
                            == 0;
            if (!armed) {
                throw new UnsatisfiedLinkError("the system gives no timer");
            }
        }
    }

    /** Before version 2.34 of glibc timers had a library of their own. */
    private static NativeLibrary timers() {
        NativeLibrary c = NativeLibrary.getProcess();
        try {
            c.getFunction("timer_create");
            return c;
        } catch (UnsatisfiedLinkError e) {
            return NativeLibrary.getInstance("rt");
        }
    }

    private static void haltAfter(Duration most) {
        try {
            Thread.sleep(most.toMillis());
            Runtime.getRuntime().halt(TERMINATED);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

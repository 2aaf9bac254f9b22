package org.simreg.worker.engine.torch;

import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import java.util.concurrent.atomic.AtomicBoolean;
import org.simreg.worker.base.concurrent.NamedThreads;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of a process that computes with libtorch. The JVM ends by C's {@code exit}, which destroys libtorch's globals
 * while a thread may still be computing with them: after a failure, or a step that outlasts the patience with a signal.
 * Here the process ends at once instead, with the same code.
 */
final class ProcessExit {
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
}

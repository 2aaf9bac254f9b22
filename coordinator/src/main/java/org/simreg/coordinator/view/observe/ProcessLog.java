package org.simreg.coordinator.view.observe;

import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** The log format of this process: text, unless {@link #json} is called before the first line. */
public final class ProcessLog {
    private static final String FORMAT = "simreg.log.format";
    private static final String LEVEL = "simreg.log.level";

    private ProcessLog() {}

    /**
     * Makes every line a JSON object, also those of libraries that use java.util.logging. Our own
     * lines are then of level INFO and above, unless it was set already.
     *
     * @param worker name of the process' worker; empty on a coordinator
     */
    public static void json(String worker) {
        System.setProperty(FORMAT, "json");
        System.setProperty("simreg.log.worker", worker);
        if (System.getProperty(LEVEL) == null) {
            System.setProperty(LEVEL, "INFO");
        }
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
    }

    /** Whether lines are JSON. */
    public static boolean isJson() {
        return "json".equals(System.getProperty(FORMAT));
    }

    /** Prints a message for people: a log line if lines are JSON, else on standard output. */
    public static void say(String text) {
        if (isJson()) {
            LoggerFactory.getLogger("org.simreg.process").info(text);
        } else {
            System.out.println(text);
        }
    }
}

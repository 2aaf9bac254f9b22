package org.simreg.coordinator.view.observe;

/** A reader of values in the text of a scrape. */
final class Scrape {
    private Scrape() {}

    /**
     * @param line name and labels, as they are written
     */
    static double value(Meters meters, String line) {
        String text = meters.scrape();
        return text.lines()
                .filter(one -> one.startsWith(line + " "))
                .mapToDouble(one -> Double.parseDouble(one.substring(line.length() + 1)))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + line + " in\n" + text));
    }
}

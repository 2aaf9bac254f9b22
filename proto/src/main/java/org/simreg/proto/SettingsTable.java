package org.simreg.proto;

import java.util.List;
import java.util.stream.Collectors;

/** Every setting of a job as a Markdown table, the one that the README carries. */
public final class SettingsTable {
    private SettingsTable() {}

    /**
     * @return header, rule and one row a setting: key, option, default, values, meaning; every line
     *     ends with a line feed
     */
    public static String markdown() {
        String rows = JobField.all().stream().map(SettingsTable::row).collect(Collectors.joining());
        return line(List.of("Key", "Option", "Default", "Values", "Meaning"))
                + "| --- | --- | --- | --- | --- |\n"
                + rows;
    }

    private static String row(JobField field) {
        Setting setting = field.setting();
        String key = field.inList() ? field.key().replace(".", "[].") : field.key();
        String fallback = field.fallback();
        return line(
                List.of(
                        code(key),
                        field.flag().map(SettingsTable::code).orElse(""),
                        fallback.equals(setting.getValue()) ? code(fallback) : fallback,
                        field.bounds(),
                        setting.getHelp()));
    }

    private static String code(String text) {
        return "`" + text + "`";
    }

    private static String line(List<String> cells) {
        return cells.stream()
                .map(c -> c.replace("|", "\\|").replace("<", "\\<").replace("*", "\\*"))
                .collect(Collectors.joining(" | ", "| ", " |\n"));
    }
}

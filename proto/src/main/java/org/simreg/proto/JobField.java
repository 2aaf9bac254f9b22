package org.simreg.proto;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A setting of a {@link Job}, as its descriptor declares it: where it stands, what it means, its
 * default and its bounds. The command line, the job file and the table of docs/settings.md are made
 * from these.
 *
 * @param section the message field of the job that holds it ("optimization"); empty for a field of
 *     the job itself
 * @param field the field itself; never a message
 * @param setting the option declared beside the field
 */
public record JobField(Optional<FieldDescriptor> section, FieldDescriptor field, Setting setting) {
    private static final List<JobField> ALL = walk();

    /**
     * @return every setting of a job: section by section in declaration order, then the job's own
     */
    public static List<JobField> all() {
        return ALL;
    }

    /**
     * @return all of them as the Markdown table of docs/settings.md: header, rule and one row a
     *     setting with key, option, default, values, meaning; every line ends with a line feed
     */
    public static String markdown() {
        String rows = ALL.stream().map(JobField::row).collect(Collectors.joining());
        return line(List.of("Key", "Option", "Default", "Values", "Meaning"))
                + "| --- | --- | --- | --- | --- |\n"
                + rows;
    }

    /**
     * @return the place in a job file: "optimization.epochs", "teachers.source", "seed"
     */
    public String key() {
        return section.map(s -> s.getName() + ".").orElse("") + field.getName();
    }

    /**
     * @return the option of the command line with its dashes; empty if there is none
     */
    public Optional<String> flag() {
        return setting.getFlag().isEmpty() ? Optional.empty() : Optional.of("--" + setting.getFlag());
    }

    /**
     * @return true if the section may stand several times in a job, as teachers do
     */
    public boolean inList() {
        return section.map(FieldDescriptor::isRepeated).orElse(false);
    }

    /**
     * @return the default as a reader should see it: a value, a computed rule, "required" or "none"
     */
    public String fallback() {
        if (setting.getRequired()) {
            return "required";
        }
        if (!setting.getComputed().isEmpty()) {
            return setting.getComputed();
        }
        return setting.getValue().isEmpty() ? "none" : setting.getValue();
    }

    /**
     * @return the values allowed: the names of an enum, or bounds with their unit; may be empty
     */
    public String bounds() {
        if (!values().isEmpty()) {
            return (String.join(", ", values()) + " " + setting.getUnit()).strip();
        }
        String range = setting.hasMin() || setting.hasMax() ? range() : "";
        return (range + " " + setting.getUnit()).strip();
    }

    /**
     * @return the values of an enum, or the few of another type, as people write them; else empty
     */
    public List<String> values() {
        if (setting.getChoicesCount() > 0) {
            return setting.getChoicesList();
        }
        return field.getJavaType() == JavaType.ENUM
                ? field.getEnumType().getValues().stream().map(FieldText::kebab).toList()
                : List.of();
    }

    /**
     * Names a place in a job for a message.
     *
     * @param key such as "optimization.epochs" or "teachers[0].source"
     * @return the key, followed by its option in brackets if it has one
     */
    public static String place(String key) {
        String plain = key.replaceAll("\\[\\d+]", "");
        return ALL.stream()
                .filter(field -> field.key().equals(plain))
                .findFirst()
                .flatMap(JobField::flag)
                .map(flag -> key + " (" + flag + ")")
                .orElse(key);
    }

    /** Tells whether a number is within the declared bounds; NaN is not within any. */
    boolean allows(double number) {
        return (!setting.hasMin() || number >= setting.getMin()) && (!setting.hasMax() || number <= setting.getMax());
    }

    static JobField of(FieldDescriptor field) {
        return ALL.stream().filter(f -> f.field.equals(field)).findFirst().orElseThrow();
    }

    private String row() {
        String key = inList() ? key().replace(".", "[].") : key();
        String fallback = fallback();
        return line(List.of(
                code(key),
                flag().map(JobField::code).orElse(""),
                fallback.equals(setting.getValue()) ? code(fallback) : fallback,
                bounds(),
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

    private String range() {
        if (!setting.hasMax()) {
            return "at least " + FieldText.plain(setting.getMin());
        }
        return FieldText.plain(setting.getMin()) + " to " + FieldText.plain(setting.getMax());
    }

    private static List<JobField> walk() {
        List<JobField> inSections = new ArrayList<>();
        List<JobField> top = new ArrayList<>();
        for (FieldDescriptor field : Job.getDescriptor().getFields()) {
            if (field.getJavaType() == JavaType.MESSAGE) {
                for (FieldDescriptor inner : field.getMessageType().getFields()) {
                    inSections.add(new JobField(Optional.of(field), inner, settingOf(inner)));
                }
            } else {
                top.add(new JobField(Optional.empty(), field, settingOf(field)));
            }
        }
        inSections.addAll(top);
        return List.copyOf(inSections);
    }

    private static Setting settingOf(FieldDescriptor field) {
        if (!field.getOptions().hasExtension(SettingOuterClass.setting)) {
            throw new IllegalStateException("Field " + field.getFullName() + " declares no (setting)");
        }
        return field.getOptions().getExtension(SettingOuterClass.setting);
    }
}

package org.simreg.coordinator.cli;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.simreg.proto.JobField;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/** The options of a job, made from its descriptor: one for each field that declares a flag. */
final class JobOptions {
    private JobOptions() {}

    /** Adds an option for every setting, one group with a heading for every section. */
    static void addTo(CommandSpec command) {
        Map<String, List<JobField>> sections = new LinkedHashMap<>();
        for (JobField field : JobField.all()) {
            if (field.flag().isPresent()) {
                sections.computeIfAbsent(heading(field), h -> new ArrayList<>()).add(field);
            }
        }
        int order = 0;
        for (Map.Entry<String, List<JobField>> section : sections.entrySet()) {
            ArgGroupSpec.Builder group =
                    ArgGroupSpec.builder()
                            .heading("%n" + section.getKey() + ":%n")
                            .validate(false)
                            .exclusive(false)
                            .order(order++);
            section.getValue().forEach(field -> group.addArg(option(field)));
            command.addArgGroup(group.build());
        }
    }

    private static String heading(JobField field) {
        String name = field.section().map(FieldDescriptor::getName).orElse("job").replace('_', ' ');
        return name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
    }

    private static OptionSpec option(JobField field) {
        OptionSpec.Builder option =
                OptionSpec.builder(field.flag().orElseThrow())
                        .description(description(field).replace("%", "%%"))
                        .completionCandidates(field.values());
        if (field.field().getJavaType() == JavaType.BOOLEAN) {
            return option.type(Boolean.class).arity("0").negatable(true).build();
        }
        option.arity("1").paramLabel(label(field));
        return field.inList()
                ? option.type(List.class).auxiliaryTypes(String.class).build()
                : option.type(String.class).build();
    }

    private static String description(JobField field) {
        String bounds = field.bounds().isEmpty() ? "" : field.bounds() + "; ";
        String required = field.setting().getRequired() ? "required" : "default: ";
        String fallback = field.setting().getRequired() ? "" : field.fallback();
        return field.setting().getHelp() + " (" + bounds + required + fallback + ")";
    }

    private static String label(JobField field) {
        if (!field.setting().getLabel().isEmpty()) {
            return field.setting().getLabel();
        }
        FieldDescriptor type = field.field();
        return switch (type.getJavaType()) {
            case ENUM -> type.getEnumType().getName().toUpperCase(Locale.ROOT);
            case DOUBLE -> "X";
            case INT, LONG -> type.isRepeated() ? "N,..." : "N";
            default -> "TEXT";
        };
    }
}

package org.simreg.coordinator.cli.option;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor.JavaType;
import com.google.protobuf.Message;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.simreg.proto.FieldText;
import org.simreg.proto.Job;
import org.simreg.proto.JobField;
import org.simreg.proto.Problems;
import org.simreg.proto.Teacher;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.UserError;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** The options of a job, made from its descriptor: one for each field that declares a flag. */
public final class JobOptions {
    private JobOptions() {}

    /** Adds an option for every setting, one group with a heading for every section. */
    public static void addTo(CommandSpec command) {
        Map<String, List<JobField>> sections = new LinkedHashMap<>();
        for (JobField field : JobField.all()) {
            if (field.flag().isPresent()) {
                sections.computeIfAbsent(heading(field), h -> new ArrayList<>()).add(field);
            }
        }
        int order = 0;
        for (Map.Entry<String, List<JobField>> section : sections.entrySet()) {
            ArgGroupSpec.Builder group = ArgGroupSpec.builder()
                    .heading("%n" + section.getKey() + ":%n")
                    .validate(false)
                    .exclusive(false)
                    .order(order++);
            section.getValue().forEach(field -> group.addArg(option(field)));
            command.addArgGroup(group.build());
        }
    }

    /**
     * Lays options over a job: takes every setting that the command line names from there and the
     * others from the base. Naming teachers replaces the base's list; their other options stand
     * once for all teachers, or once for each in order.
     *
     * @throws UserError if a value is none; the message lists all of them by option
     */
    public static Job laidOver(Job base, ParseResult parsed) {
        return new Overlay(parsed).over(base);
    }

    private static String heading(JobField field) {
        String name =
                field.section().map(FieldDescriptor::getName).orElse("job").replace('_', ' ');
        return name.substring(0, 1).toUpperCase(Locale.ROOT) + name.substring(1);
    }

    private static OptionSpec option(JobField field) {
        OptionSpec.Builder option = OptionSpec.builder(field.flag().orElseThrow())
                .description(description(field).replace("%", "%%"))
                .completionCandidates(field.values());
        if (field.field().getJavaType() == JavaType.BOOLEAN) {
            return option.type(Boolean.class).arity("0").negatable(true).build();
        }
        option.arity("1").paramLabel(label(field));
        return field.inList() || isTexts(field)
                ? option.type(List.class).auxiliaryTypes(String.class).build()
                : option.type(String.class).build();
    }

    /** Whether each occurrence of the option is one text of a list. */
    private static boolean isTexts(JobField field) {
        return field.field().isRepeated() && field.field().getJavaType() == JavaType.STRING;
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

    /** The overlay of a command line's values on a base job. */
    private static final class Overlay {
        private final ParseResult parsed;
        private final Problems problems = new Problems();

        Overlay(ParseResult parsed) {
            this.parsed = parsed;
        }

        Job over(Job base) {
            Job.Builder job = base.toBuilder();
            List<JobField> named = JobField.all().stream()
                    .filter(field -> field.flag().map(parsed::hasMatchedOption).orElse(false))
                    .toList();
            startTeachers(job, named);
            for (JobField field : named) {
                if (field.inList()) {
                    setTeachers(job, field);
                } else if (isTexts(field)) {
                    field.section().map(job::getFieldBuilder).orElse(job).setField(field.field(), matched(field));
                } else if (option(field).stringValues().size() > 1) {
                    problems.add(field.flag().orElseThrow(), "given more than once; give it once");
                } else {
                    Message.Builder holder =
                            field.section().map(job::getFieldBuilder).orElse(job);
                    set(holder, field, matched(field).toString());
                }
            }
            problems.refuse("The options are refused");
            return job.build();
        }

        private void startTeachers(Job.Builder job, List<JobField> named) {
            for (JobField field : named) {
                if (field.inList() && isSource(field)) {
                    job.clearTeachers();
                    ((List<?>) matched(field)).forEach(source -> job.addTeachersBuilder());
                }
            }
            if (job.getTeachersCount() == 0 && named.stream().anyMatch(JobField::inList)) {
                job.addTeachersBuilder();
            }
        }

        private void setTeachers(Job.Builder job, JobField field) {
            List<?> values = (List<?>) matched(field);
            List<Teacher.Builder> teachers = job.getTeachersBuilderList().stream()
                    .filter(t -> takes(t, field))
                    .toList();
            if (teachers.isEmpty()) {
                teachers = job.getTeachersBuilderList();
            }
            if (values.size() != 1 && values.size() != teachers.size()) {
                String given = "given " + values.size() + " times for " + teachers.size() + " teachers";
                problems.add(field.flag().orElseThrow(), given + "; give it once, or once for each");
                return;
            }
            for (int i = 0; i < teachers.size(); i++) {
                set(
                        teachers.get(i),
                        field,
                        values.get(values.size() == 1 ? 0 : i).toString());
            }
        }

        /** Whether a setting means something for a teacher; others are passed over. */
        private static boolean takes(Teacher.Builder teacher, JobField field) {
            return TeacherSource.of(teacher.getSource()).takes(field);
        }

        private static boolean isSource(JobField field) {
            return field.field().getNumber() == Teacher.SOURCE_FIELD_NUMBER;
        }

        private Object matched(JobField field) {
            return option(field).getValue();
        }

        private OptionSpec option(JobField field) {
            return parsed.matchedOption(field.flag().orElseThrow());
        }

        private void set(Message.Builder holder, JobField field, String text) {
            try {
                holder.setField(field.field(), FieldText.parseAll(field.field(), text));
            } catch (UserError e) {
                problems.add(field.flag().orElseThrow(), e.getMessage());
            }
        }
    }
}

package org.simreg.coordinator.cli;

import com.google.protobuf.Message;
import java.util.List;
import org.simreg.proto.FieldText;
import org.simreg.proto.Job;
import org.simreg.proto.JobField;
import org.simreg.proto.Problems;
import org.simreg.proto.Teacher;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.UserError;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParseResult;

/** Lays what the command line says over a job. */
final class JobFlags {
    private final ParseResult parsed;
    private final Problems problems = new Problems();

    JobFlags(ParseResult parsed) {
        this.parsed = parsed;
    }

    /**
     * Takes every setting that the command line names from there and the others from the base.
     * Naming teachers replaces the base's list; their other options stand once for all teachers, or
     * once for each in order.
     *
     * @throws UserError if a value is none; the message lists all of them by option
     */
    Job over(Job base) {
        Job.Builder job = base.toBuilder();
        List<JobField> named =
                JobField.all().stream()
                        .filter(field -> field.flag().map(parsed::hasMatchedOption).orElse(false))
                        .toList();
        startTeachers(job, named);
        for (JobField field : named) {
            if (field.inList()) {
                setTeachers(job, field);
            } else if (option(field).stringValues().size() > 1) {
                problems.add(field.flag().orElseThrow(), "given more than once; give it once");
            } else {
                Message.Builder holder = field.section().map(job::getFieldBuilder).orElse(job);
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
        List<Teacher.Builder> teachers =
                job.getTeachersBuilderList().stream().filter(t -> takes(t, field)).toList();
        if (teachers.isEmpty()) {
            teachers = job.getTeachersBuilderList();
        }
        if (values.size() != 1 && values.size() != teachers.size()) {
            String given = "given " + values.size() + " times for " + teachers.size() + " teachers";
            problems.add(field.flag().orElseThrow(), given + "; give it once, or once for each");
            return;
        }
        for (int i = 0; i < teachers.size(); i++) {
            set(teachers.get(i), field, values.get(values.size() == 1 ? 0 : i).toString());
        }
    }

    /** Teachers that a setting means nothing for are passed over. */
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

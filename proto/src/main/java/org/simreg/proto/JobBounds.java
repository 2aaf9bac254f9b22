package org.simreg.proto;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import java.util.List;

/**
 * The check of each setting by itself, as its descriptor declares it: required, known value,
 * bounds.
 */
final class JobBounds {
    private final Problems problems;

    private JobBounds(Problems problems) {
        this.problems = problems;
    }

    static void check(Job job, Problems problems) {
        JobBounds bounds = new JobBounds(problems);
        for (JobField setting : JobField.all()) {
            if (!setting.inList()) {
                bounds.checkOne(setting, setting.key(), holder(job, setting));
            }
        }
        for (int i = 0; i < job.getTeachersCount(); i++) {
            for (JobField setting : JobField.all()) {
                if (setting.inList()) {
                    String key = "teachers[" + i + "]." + setting.field().getName();
                    bounds.checkOne(setting, key, job.getTeachers(i));
                }
            }
        }
    }

    private static Message holder(Job job, JobField setting) {
        return setting.section().map(s -> (Message) job.getField(s)).orElse(job);
    }

    private void checkOne(JobField setting, String key, Message holder) {
        FieldDescriptor field = setting.field();
        if (field.isRepeated() && holder.getRepeatedFieldCount(field) > 0) {
            ((List<?>) holder.getField(field)).forEach(v -> checkValue(setting, key, v));
        } else if (!field.isRepeated() && holder.hasField(field)) {
            checkValue(setting, key, holder.getField(field));
        } else if (setting.setting().getRequired()) {
            problems.add(
                    JobField.place(key), "is required: " + setting.setting().getHelp());
        }
    }

    private void checkValue(JobField setting, String key, Object value) {
        if (value instanceof String text) {
            checkText(key, text);
        } else if (!setting.values().isEmpty()) {
            checkChoice(setting, key, FieldText.text(setting.field(), value));
        } else if (!(value instanceof Boolean)) {
            checkNumber(setting, key, FieldText.text(setting.field(), value));
        }
    }

    private void checkText(String key, String text) {
        if (text.isBlank()) {
            problems.add(JobField.place(key), "is empty; give a value or leave it out");
        } else if (text.indexOf('\0') >= 0) {
            problems.add(JobField.place(key), "holds a NUL character; take it out");
        }
    }

    private void checkChoice(JobField setting, String key, String text) {
        if (!setting.values().contains(text)) {
            problems.add(JobField.place(key), text + Nearest.refusal(text, setting.values()));
        }
    }

    private void checkNumber(JobField setting, String key, String text) {
        if (!setting.allows(Double.parseDouble(text))) {
            String way = " is out of bounds; choose " + setting.bounds();
            problems.add(JobField.place(key), text + way);
        }
    }
}

package org.simreg.worker.train.teacher;

import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;
import org.simreg.proto.Interpolation;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.proto.Problems;
import org.simreg.proto.Teacher;
import org.simreg.proto.TeacherSource;
import org.simreg.proto.Views.Resizing;
import org.simreg.worker.network.family.Networks;
import org.simreg.worker.weights.checkpoint.FittingNetwork;
import org.simreg.worker.weights.checkpoint.WeightsFile;

/** The networks of a job's teachers that the job leaves to be recognised, their pixels, and how views are resized for them. */
public final class TeacherNetworks {
    private TeacherNetworks() {}

    /** The same for all teachers. */
    public static Job named(Job job, Consumer<String> notices, Problems problems) {
        return named(job, HeldTeachers.ALL, notices, problems);
    }

    /** Whether a teacher's file must be there: where it is held, or decides how views are resized. */
    public static boolean reads(Job job, HeldTeachers held, int teacher) {
        boolean decides = teacher == 0 && job.getViews().getInterpolation() == Resizing.TEACHER;
        return held.has(teacher) || decides && isOpen(job.getTeachers(teacher));
    }

    /**
     * The job with the network of each teacher named, by what its file holds, and its pixels where the job says nothing of
     * them and the network was trained with others than ImageNet's; and with the interpolation of its views, where the job leaves
     * that to its teachers: that on which the first teacher's publishers evaluate it.
     *
     * @param job with paths that can be read here
     * @param held of the others the files are not read
     * @param notices takes a sentence about each that was recognised, and each that wants other pixels than ImageNet's
     * @param problems takes the teachers whose network can't be told, which keep {@code auto}
     */
    public static Job named(Job job, HeldTeachers held, Consumer<String> notices, Problems problems) {
        Job.Builder named = job.toBuilder();
        for (int i = 0; i < job.getTeachersCount(); i++) {
            Teacher teacher = job.getTeachers(i);
            Teacher.Builder to = named.getTeachersBuilder(i);
            if (isOpen(teacher) && reads(job, held, i)) {
                String source = teacher.getSource();
                problems.attempt(
                                "teachers[" + i + "].network",
                                () -> FittingNetwork.of(
                                        WeightsFile.read(Path.of(source)),
                                        NetworkTeacher.part(teacher),
                                        source,
                                        "--teacher-network",
                                        notices))
                        .ifPresent(to::setNetwork);
            }
            if (!to.hasPixels() && isNamed(to) && held.has(i)) {
                setPixels(to, notices);
            }
        }
        resize(named, held, notices);
        return named.build();
    }

    /** Teacher and student share a view: where the job leaves its interpolation to the teachers, the first decides. */
    private static void resize(Job.Builder job, HeldTeachers held, Consumer<String> notices) {
        if (job.getViews().getInterpolation() == Resizing.TEACHER) {
            Teacher.Builder first = job.getTeachersBuilder(0);
            boolean bicubic = isNamed(first) && Networks.interpolation(first.getNetwork()) == Interpolation.BICUBIC;
            job.getViewsBuilder().setInterpolation(bicubic ? Resizing.BICUBIC : Resizing.BILINEAR);
            if (isNamed(first)) {
                notices.accept(
                        "pictures are resized %s, as the publishers of %s evaluate it; --interpolation can say otherwise"
                                .formatted(
                                        word(job.getViews().getInterpolation()),
                                        Networks.backbone(first.getNetwork()).name()));
            }
        }
        for (Teacher.Builder teacher : held.of(job.getTeachersBuilderList())) {
            if (isNamed(teacher)) {
                compare(teacher, job.getViews().getInterpolation(), notices);
            }
        }
    }

    private static boolean isNamed(Teacher.Builder teacher) {
        return teacher.getNetwork() != Network.AUTO
                && TeacherSource.of(teacher.getSource()) instanceof TeacherSource.Weights;
    }

    private static void setPixels(Teacher.Builder teacher, Consumer<String> notices) {
        Pixels pixels = Networks.pixels(teacher.getNetwork());
        if (pixels != Pixels.IMAGENET) {
            teacher.setPixels(pixels);
        }
        notices.accept(teacher.getSource() + " sees its pixels as "
                + Networks.backbone(teacher.getNetwork()).name() + " was trained, "
                + pixels.name().toLowerCase(Locale.ROOT) + "; --teacher-pixels can say otherwise");
    }

    private static void compare(Teacher.Builder teacher, Resizing seen, Consumer<String> notices) {
        String own = word(Networks.interpolation(teacher.getNetwork()));
        if (!own.equals(word(seen))) {
            notices.accept("%s sees %s views; its publishers evaluate %s on %s images (--interpolation %s)"
                    .formatted(
                            teacher.getSource(),
                            word(seen),
                            Networks.backbone(teacher.getNetwork()).name(),
                            own,
                            own));
        }
    }

    private static String word(Enum<?> interpolation) {
        return interpolation.name().toLowerCase(Locale.ROOT);
    }

    /** Whether a teacher's network is still to be recognised. */
    static boolean isOpen(Teacher teacher) {
        return teacher.getNetwork() == Network.AUTO
                && TeacherSource.of(teacher.getSource()) instanceof TeacherSource.Weights;
    }
}

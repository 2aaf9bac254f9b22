package org.simreg.proto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Descriptors.FieldDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RootsTest {
    @TempDir
    Path folder;

    private Path inside;
    private Path outside;
    private Roots roots;

    @BeforeEach
    void folders() throws Exception {
        inside = Files.createDirectories(folder.resolve("inside/data"));
        outside = Files.createDirectories(folder.resolve("outside"));
        roots = Roots.of(List.of(folder.resolve("inside")));
    }

    @Test
    void filesBelowARootAndFilesYetToBeMadeThereMayBeUsed() {
        assertTrue(roots.hold(inside));
        assertTrue(roots.hold(inside.resolve("runs/a/new")));
        assertFalse(roots.hold(outside));
        assertFalse(roots.hold(folder.resolve("inside-too")));
        assertTrue(Roots.ANYWHERE.hold(outside));
    }

    @Test
    void neitherDotsNorLinksLeadOutOfARoot() throws Exception {
        assertFalse(roots.hold(inside.resolve("../../outside")));
        assertFalse(roots.hold(inside.resolve("absent/../../../outside/x")));
        Path link = Files.createSymbolicLink(inside.resolve("link"), outside);
        assertFalse(roots.hold(link));
        assertFalse(roots.hold(link.resolve("new")));
        Path nowhere = Files.createSymbolicLink(inside.resolve("n"), outside.resolve("absent"));
        assertFalse(roots.hold(nowhere), "made through the link, it would lie outside");
        Path back = Files.createSymbolicLink(outside.resolve("back"), inside);
        assertTrue(roots.hold(back.resolve("x")));
        Path round = Files.createSymbolicLink(inside.resolve("round"), inside.resolve("round"));
        assertFalse(roots.hold(round));
    }

    @Test
    void everySettingThatLeadsElsewhereIsNamedInOneSentence() {
        Job.Builder job = Job.newBuilder();
        job.getDatasetBuilder().clearPath().addPath(outside.toString());
        job.addTeachersBuilder().setSource("self");
        job.addTeachersBuilder().setSource("torchscript:/etc/passwd");
        job.getStudentBuilder().setInit(inside.resolve("i.pt").toString());
        UserError e = assertThrows(UserError.class, () -> roots.check(job.build(), Path.of("/tmp-x")));
        assertEquals(
                List.of("checkpoints.output", "dataset.path", "teachers[1].source"),
                e.problems().stream().map(UserError.Problem::place).toList());
        assertTrue(e.getMessage().contains("/etc/passwd is not below " + folder), e.getMessage());
        Roots.ANYWHERE.check(job.build(), Path.of("/tmp-x"));
    }

    @Test
    void everySourceOfADataSetIsChecked() {
        Job.Builder job = Job.newBuilder();
        job.getDatasetBuilder().addPath("tar:" + inside + "/*.tar").addPath("list:" + outside + "/a.txt");
        job.getEvaluationBuilder().addData("tar:" + outside + "/{0..9}/val.tar");
        UserError e = assertThrows(UserError.class, () -> roots.check(job.build(), inside));
        assertEquals(
                List.of("dataset.path[1]", "evaluation.data"),
                e.problems().stream().map(UserError.Problem::place).toList());
    }

    /** A setting with a path in it that the check forgets would be a hole. */
    @Test
    void everyTextSettingThatIsAPathIsChecked() {
        List<String> texts = new ArrayList<>();
        collect(Job.getDescriptor().getFields(), "", texts);
        List<String> noPaths = List.of(
                "name",
                "dataset.label_field",
                "teachers.feature",
                "teachers.part",
                "teachers.output",
                "student.init_part",
                "continued.sha256");
        texts.removeAll(noPaths);
        texts.removeAll(List.of(
                "dataset.path",
                "evaluation.data",
                "dataset.classes_file",
                "dataset.val_labels",
                "teachers.source",
                "student.init",
                "student.module",
                "student.restart",
                "checkpoints.output",
                "cache.store"));
        assertEquals(List.of(), texts, "a new text setting: a path belongs in Roots.NamedPaths");
    }

    private static void collect(List<FieldDescriptor> fields, String before, List<String> texts) {
        for (FieldDescriptor field : fields) {
            if (field.getJavaType() == FieldDescriptor.JavaType.STRING) {
                texts.add(before + field.getName());
            } else if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                collect(field.getMessageType().getFields(), before + field.getName() + ".", texts);
            }
        }
    }

    @Test
    void aRootThatIsNotThereIsRefused() {
        UserError e = assertThrows(UserError.class, () -> Roots.of(List.of(folder.resolve("absent"))));
        assertTrue(e.getMessage().startsWith("--root: there is no folder"));
    }
}

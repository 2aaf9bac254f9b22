package org.simreg.worker.train.teacher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simreg.proto.Job;
import org.simreg.proto.Network;
import org.simreg.proto.Pixels;
import org.simreg.proto.Problems;
import org.simreg.proto.Teacher;
import org.simreg.proto.UserError;
import org.simreg.proto.Views;
import org.simreg.proto.Views.Resizing;
import org.simreg.worker.weights.checkpoint.HubFixture;
import org.simreg.worker.weights.checkpoint.NetworkRecognizer;
import org.simreg.worker.weights.checkpoint.RecognizedFile;
import org.simreg.worker.weights.checkpoint.WeightsFile;
import org.simreg.worker.weights.format.Safetensors;
import org.simreg.worker.weights.part.PartRequest;
import org.simreg.worker.weights.tensor.HostTensor;
import org.simreg.worker.weights.tensor.StateDict;

class TeacherNetworksTest {
    @TempDir
    private Path folder;

    private final List<String> notices = new ArrayList<>();

    @Test
    void aTeachersNetworkIsRecognisedByItsFileAndSaid() {
        String file = folder.resolve("mobile.safetensors").toString();
        Safetensors.write(Path.of(file), HubFixture.filled("timm-mobilenet-v2"));
        Problems problems = new Problems();
        Job job = job(file, Network.AUTO).toBuilder()
                .addTeachers(Teacher.newBuilder().setSource("torchscript:x.pt"))
                .build();
        Job named = TeacherNetworks.named(job, notices::add, problems);
        problems.refuse("refused");
        assertEquals(Network.MOBILENET_V2, named.getTeachers(0).getNetwork());
        assertFalse(named.getTeachers(1).hasNetwork());
        assertEquals(
                List.of(
                        "the weights of " + file + " are taken as mobilenet-v2",
                        file
                                + " sees its pixels as mobilenet-v2 was trained, imagenet; --teacher-pixels can say otherwise"),
                notices);
    }

    @Test
    void ofTeachersThatAreNotHeldOnlyTheFirstIsReadAndOnlyWhereItDecidesTheViews() {
        String file = folder.resolve("mobile.safetensors").toString();
        Safetensors.write(Path.of(file), HubFixture.filled("timm-mobilenet-v2"));
        HeldTeachers second = new HeldTeachers(List.of(1));
        Job.Builder job = job(file, Network.AUTO).toBuilder();
        job.addTeachersBuilder().setSource(file).setNetwork(Network.AUTO);
        job.addTeachersBuilder().setSource("nowhere.pth").setNetwork(Network.AUTO);
        job.getViewsBuilder().setInterpolation(Resizing.BILINEAR);
        Problems problems = new Problems();
        Job named = TeacherNetworks.named(job.build(), second, notices::add, problems);
        assertEquals(
                List.of(Network.AUTO, Network.MOBILENET_V2, Network.AUTO),
                named.getTeachersList().stream().map(Teacher::getNetwork).toList());
        job.getViewsBuilder().setInterpolation(Resizing.TEACHER);
        Job decided = TeacherNetworks.named(job.build(), second, notices::add, problems);
        problems.refuse("refused");
        assertEquals(Network.MOBILENET_V2, decided.getTeachers(0).getNetwork());
    }

    @Test
    void aNamedNetworkStaysWithoutLookingAtTheFile() {
        Job job = job("nowhere.pth", Network.RESNET34);
        assertEquals(job, TeacherNetworks.named(job, notices::add, new Problems()));
        assertEquals(
                List.of(
                        "nowhere.pth sees its pixels as resnet34 was trained, imagenet; --teacher-pixels can say otherwise"),
                notices);
    }

    @Test
    void pixelsAreTheNetworksOwnUnlessTheJobSaysOtherwise() {
        Job named = TeacherNetworks.named(job("x.pth", Network.CLIP_VITB32), notices::add, new Problems());
        assertEquals(Pixels.CLIP, named.getTeachers(0).getPixels());
        assertEquals(
                List.of(
                        "x.pth sees its pixels as clip-vitb32 was trained, clip; --teacher-pixels can say otherwise",
                        "x.pth sees bilinear views; its publishers evaluate clip-vitb32 on bicubic images"
                                + " (--interpolation bicubic)"),
                notices);

        Job.Builder said = job("x.pth", Network.CLIP_VITB32).toBuilder();
        said.getTeachersBuilder(0).setPixels(Pixels.IMAGENET);
        said.getViewsBuilder().setInterpolation(Resizing.BICUBIC);
        assertEquals(said.build(), TeacherNetworks.named(said.build(), notices::add, new Problems()));
        assertEquals(2, notices.size());
    }

    private Resizing resized(Resizing asked, Network... teachers) {
        Job.Builder job = Job.newBuilder();
        job.getViewsBuilder().setInterpolation(asked);
        for (Network network : teachers) {
            job.addTeachersBuilder()
                    .setSource(network + ".pth")
                    .setNetwork(network)
                    .setPixels(Pixels.IMAGENET);
        }
        return TeacherNetworks.named(job.build(), notices::add, new Problems())
                .getViews()
                .getInterpolation();
    }

    @Test
    void viewsAreResizedAsTheFirstTeachersPublishersDoUnlessTheJobSaysOtherwise() {
        assertEquals(Resizing.BILINEAR, resized(Resizing.TEACHER, Network.RESNET50));
        assertEquals(
                List.of("pictures are resized bilinear, as the publishers of resnet50 evaluate it;"
                        + " --interpolation can say otherwise"),
                notices);
        notices.clear();
        assertEquals(Resizing.BICUBIC, resized(Resizing.TEACHER, Network.DINOV2_VITS14));
        assertEquals(
                List.of("pictures are resized bicubic, as the publishers of dinov2-vits14 evaluate it;"
                        + " --interpolation can say otherwise"),
                notices);
        notices.clear();
        assertEquals(Resizing.BILINEAR, resized(Resizing.BILINEAR, Network.DINOV2_VITS14));
        assertEquals(Resizing.BICUBIC, resized(Resizing.TEACHER, Network.DINOV2_VITS14, Network.RESNET50));
        assertEquals(
                List.of(
                        "DINOV2_VITS14.pth sees bilinear views; its publishers evaluate dinov2-vits14 on bicubic"
                                + " images (--interpolation bicubic)",
                        "pictures are resized bicubic, as the publishers of dinov2-vits14 evaluate it;"
                                + " --interpolation can say otherwise",
                        "RESNET50.pth sees bicubic views; its publishers evaluate resnet50 on bilinear images"
                                + " (--interpolation bilinear)"),
                notices);
        Job self = Job.newBuilder()
                .addTeachers(Teacher.newBuilder().setSource("self"))
                .setViews(Views.newBuilder().setInterpolation(Resizing.TEACHER))
                .build();
        assertEquals(
                Resizing.BILINEAR,
                TeacherNetworks.named(self, notices::add, new Problems())
                        .getViews()
                        .getInterpolation());
    }

    @Test
    void aFileOfNoKnownNetworkIsAProblemOfTheSettingAndLoadsNoTeacher() {
        String file = folder.resolve("other.safetensors").toString();
        Safetensors.write(Path.of(file), StateDict.of(Map.of("w.weight", HostTensor.of(new float[4], 2, 2))));
        Problems problems = new Problems();
        Job named = TeacherNetworks.named(job(file, Network.AUTO), notices::add, problems);
        assertTrue(TeacherNetworks.isOpen(named.getTeachers(0)));
        UserError error = assertThrows(UserError.class, () -> problems.refuse("refused"));
        assertTrue(error.getMessage().contains("teachers[0].network"), error.getMessage());
        assertTrue(error.getMessage().contains("Can't tell the network of " + file), error.getMessage());
    }

    @Test
    void aTorchScriptArchiveOfNoKnownNetworkIsToBeNamedAsOne() {
        String file = "src/test/resources/modules/cnn.pt";
        Problems problems = new Problems();
        TeacherNetworks.named(job(file, Network.AUTO), notices::add, problems);
        String way = file + " is a TorchScript archive of none of the known networks (no name in it is one of a known"
                + " network); to run the module in it, write torchscript:" + file;
        UserError error = assertThrows(UserError.class, () -> problems.refuse("refused"));
        assertTrue(error.getMessage().contains(way), error.getMessage());
        RecognizedFile found = NetworkRecognizer.of(WeightsFile.read(Path.of(file)));
        UserError evaluated = assertThrows(UserError.class, () -> found.network(PartRequest.ANY, file, notices::add));
        assertEquals(way, evaluated.getMessage());
        UserError exported = assertThrows(UserError.class, () -> found.refuseModule(file));
        assertTrue(exported.getMessage().contains("torch.onnx.export"), exported.getMessage());
    }

    private static Job job(String file, Network network) {
        return Job.newBuilder()
                .addTeachers(Teacher.newBuilder().setSource(file).setNetwork(network))
                .build();
    }
}

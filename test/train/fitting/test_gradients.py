"""When a training step is captured as a CUDA graph; whether graphs are right needs a GPU."""

import pytest
import torch
from torch import nn

pytest.importorskip('tqdm')

from train.fitting import gradients  # noqa: E402
from train.fitting.gradients import EAGER_STEPS, Gradients, GraphedGradients  # noqa: E402


class Learner(nn.Module):
    """Loss 3 w^2 x of images of one number; `unused` takes no part."""

    def __init__(self):
        super().__init__()
        self.weight, self.unused = nn.Parameter(torch.tensor(2.0)), nn.Parameter(torch.ones(()))

    def forward(self, image, truth):
        return 3 * self.weight ** 2 * image.mean()


class FakeGraph:
    """Counts its captures and replays, the first of which is on trial; computes as the step."""

    made: list['FakeGraph'] = []
    pool = 'shared'

    def __init__(self, plain, image, truth, pool):
        self.plain, self.shape, self.given, self.replays = plain, tuple(image.shape), pool, 0
        self.made.append(self)

    def replay(self, image, truth):
        self.replays += 1
        return self.plain.in_place(image, truth)


@pytest.fixture
def graphed(monkeypatch):
    learner = Learner()
    monkeypatch.setattr(gradients, '_Graph', FakeGraph)
    FakeGraph.made = []
    return GraphedGradients(Gradients(learner, list(learner.parameters()))), learner


def batch(size, value=1.0):
    return torch.full((size, 1, 1, 1), float(value)), torch.zeros(size, 1, 1, 1)


def test_gradients_do_not_add_up_and_an_unused_weight_has_none():
    learner = Learner()
    plain = Gradients(learner, list(learner.parameters()), lambda loss: 10 * loss)
    for value in (1.0, 2.0):
        assert plain(*batch(4, value)).item() == 12 * value
        assert learner.weight.grad.item() == 120 * value
    assert learner.unused.grad is None


def test_every_shape_is_captured_once_after_its_first_steps(graphed):
    step, learner = graphed
    for number in range(EAGER_STEPS + 2):
        for size in (1, 2):
            assert step(*batch(size, number)).item() == 12 * number
            assert learner.weight.grad.item() == 12 * number
    assert [(one.shape[0], one.given, one.replays) for one in FakeGraph.made] == [
        (1, None, 3), (2, 'shared', 3)]
    assert learner.unused.grad is None


def test_gradients_stay_where_a_graph_writes_them(graphed):
    step, learner = graphed
    step(*batch(1))
    first = learner.weight.grad
    for size in (1, 2, 1, 1, 3):
        step(*batch(size))
        assert learner.weight.grad is first


def test_no_more_than_so_many_graphs(graphed, monkeypatch):
    monkeypatch.setattr(gradients, 'MOST_GRAPHS', 2)
    step, _ = graphed
    for size in (1, 2, 3):
        for _ in range(5):
            assert step(*batch(size)).item() == 12
    assert [one.shape[0] for one in FakeGraph.made] == [1, 2]


def test_after_a_capture_that_fails_all_goes_on_without(graphed, monkeypatch, capsys):
    step, learner = graphed

    def fails(*_):
        raise torch.cuda.OutOfMemoryError('CUDA out of memory.\nmore')
    for _ in range(4):
        step(*batch(1))
    monkeypatch.setattr(gradients, '_Graph', fails)
    for _ in range(4):
        assert step(*batch(2)).item() == 12
    assert step(*batch(1)).item() == 12 and learner.weight.grad.item() == 12
    assert FakeGraph.made[0].replays == 3
    assert step.problem == 'CUDA out of memory.'
    assert capsys.readouterr().err.count('CUDA out of memory') == 1


@pytest.mark.parametrize('wrong', [
    lambda plain, image, truth: image.new_tensor(12.0),  # as if on another device: nothing is done
    lambda plain, image, truth: plain.in_place(2 * image, truth) / 2,
    lambda plain, image, truth: plain.in_place(image, truth) + 5,
    lambda plain, image, truth: plain.in_place(image, truth) + torch.nan])
def test_a_graph_that_does_not_give_what_the_step_gives_is_not_used(graphed, monkeypatch, wrong):
    step, learner = graphed
    monkeypatch.setattr(FakeGraph, 'replay', lambda self, *batch: wrong(self.plain, *batch))
    for number in range(EAGER_STEPS + 3):
        assert step(*batch(1, number)).item() == 12 * number
        assert learner.weight.grad.item() == 12 * number
    assert len(FakeGraph.made) == 1 and 'does not give' in step.problem


def test_a_trial_leaves_no_trace(monkeypatch):
    """Losses, gradients and statistics are those without graphs, and so is what is drawn."""
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.BatchNorm2d(1), nn.Dropout(0.5))

        def forward(self, image, truth):
            return (self.layers(image) - truth).square().mean()
    monkeypatch.setattr(gradients, '_Graph', FakeGraph)
    seen = []
    for kind in (lambda plain: plain, GraphedGradients):
        learner = Noisy()
        step = kind(Gradients(learner, list(learner.parameters())))
        for number in range(EAGER_STEPS + 3):
            torch.manual_seed(number)
            image = torch.randn(4, 1, 3, 3)
            seen.append(torch.stack([step(image, torch.ones_like(image)), torch.rand(()),
                                     *(weight.grad.sum() for weight in learner.parameters()),
                                     *(buffer.float().sum() for buffer in learner.buffers())]))
    assert torch.equal(torch.stack(seen[:len(seen) // 2]), torch.stack(seen[len(seen) // 2:]))


def full_once(plain, monkeypatch):
    """Let the memory be full at the next step that keeps the gradients in place."""
    def full(*_):
        monkeypatch.undo()
        raise torch.cuda.OutOfMemoryError('CUDA out of memory.\nmore')
    monkeypatch.setattr(plain, 'in_place', full)


def test_graphs_give_way_where_they_leave_too_little_memory_for_a_step(graphed, capsys):
    step, learner = graphed
    for _ in range(4):
        step(*batch(1))
    with pytest.MonkeyPatch.context() as patch:
        full_once(step._plain, patch)
        assert step(*batch(2)).item() == 12 and learner.weight.grad.item() == 12
    assert step.problem == 'CUDA out of memory.' and step._graphs == {}
    assert 'CUDA out of memory' in capsys.readouterr().err


def test_memory_that_is_full_without_graphs_ends_the_step(graphed):
    step, _ = graphed
    with pytest.MonkeyPatch.context() as patch, pytest.raises(torch.cuda.OutOfMemoryError):
        full_once(step._plain, patch)
        step(*batch(1))
    assert not step.problem

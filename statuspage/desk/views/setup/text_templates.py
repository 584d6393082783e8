"""The texts that operators begin with: the list, one of them to change, a new one."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from incidents.access import UPDATE, VIEW
from incidents.models import TextTemplate
from incidents.services.desk import text_templates
from incidents.services.errors import EntryError
from incidents.vocabulary import Kind, Stage
from statuspage.desk.access import desk, operator_of
from statuspage.desk.form.fields import DeskForm, markdown_field
from statuspage.desk.form.mapping import refuse
from statuspage.desk.form.recovery import blank

FIELDS = ("name", "kind", "stage", "language", "public_text", "targeted_text")


class TemplateForm(DeskForm):
    name = forms.CharField(
        max_length=text_templates.LONGEST_NAME,
        error_messages={"required": "Say what the text is for."},
    )
    kind = forms.ChoiceField(required=False, choices=[("", "Any kind"), *Kind.choices()])
    stage = forms.ChoiceField(required=False, choices=[("", "Any stage"), *Stage.choices()])
    language = forms.ChoiceField(choices=settings.LANGUAGES, initial=settings.LANGUAGE_CODE)
    public_text = markdown_field(6, label="Public text")
    targeted_text = markdown_field(6, label="Targeted text")


@desk(VIEW, write=UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def listing(request: HttpRequest) -> HttpResponse:
    """GET: all of them, and an empty form. POST: a new one."""
    return _page(request, None)


@desk(VIEW, write=UPDATE)
@require_http_methods(["GET", "HEAD", "POST"])
def text_template(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: one of them, to change. POST: changes it, or with `discard` throws it away."""
    template = get_object_or_404(TextTemplate, pk=pk)
    if "discard" in request.POST:
        text_templates.throw_away(template_id=pk)
        messages.success(request, f"{template.name} is thrown away.")
        return redirect("desk:text-templates")
    return _page(request, template)


def _page(request: HttpRequest, template: TextTemplate | None) -> HttpResponse:
    now, status = timezone.now(), 200
    initial = {name: getattr(template, name) for name in FIELDS} if template else {}
    form = blank(TemplateForm, request, now=now, initial=initial)
    if request.method == "POST":
        form = TemplateForm(request.POST, now=now)
        if form.is_valid() and _kept(request, form, template):
            return redirect("desk:text-templates")
        status = 422
    context = {
        "form": form,
        "template": template,
        "templates": text_templates.fitting().select_related("changed_by"),
        "known": sorted(text_templates.KNOWN),
    }
    return render(request, "desk/text_templates.html", context, status=status)


def _kept(request: HttpRequest, form: TemplateForm, template: TextTemplate | None) -> bool:
    try:
        text_templates.keep(
            template_id=template.pk if template else None,
            **{name: form.cleaned_data[name] for name in FIELDS},
            now=timezone.now(),
            actor=operator_of(request),
        )
    except EntryError as error:
        refuse(form, error)
        return False
    messages.success(request, f"{form.cleaned_data['name']} is kept.")
    return True
